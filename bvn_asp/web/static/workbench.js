// What the pages cannot do by themselves: leave empty controls out, keep what is unfolded, and lead to a field.
(function () {
  "use strict";

  document.documentElement.classList.add("js");

  // A case has many controls and few of them are filled: only those are sent.
  document.addEventListener("htmx:configRequest", function (event) {
    // Not through `parameters`, which looks through the whole form for each name.
    var sent = event.detail.formData, empty = [];
    sent.forEach(function (value, name) { if (value === "") { empty.push(name); } });
    new Set(empty).forEach(function (name) {
      var filled = sent.getAll(name).filter(function (value) { return value !== ""; });
      sent.delete(name);
      filled.forEach(function (value) { sent.append(name, value); });
    });
  });

  // What was unfolded beside the form stays so when it is shown anew.
  var unfolded = {};
  document.addEventListener("htmx:beforeSwap", function (event) {
    if (event.detail.target.id !== "advice") { return; }
    unfolded = {};
    // What was wrong and is not any more; the answer marks what still is.
    document.querySelectorAll(".mistake").forEach(function (item) { item.textContent = ""; });
    // Searches for what was there before are for nothing now: the server ends them when nobody waits.
    event.detail.target.querySelectorAll("[hx-post]").forEach(function (item) {
      if (!item.closest(".proposal")) { window.htmx.trigger(item, "htmx:abort"); }
    });
    event.detail.target.querySelectorAll("details[id]").forEach(function (item) { unfolded[item.id] = item.open; });
    var found = document.getElementById("whatif");
    unfolded.scroll = document.querySelector(".beside") ? document.querySelector(".beside").scrollTop : 0;
    if (found) { unfolded.wanted = document.getElementById("wanted").value; }
  });
  document.addEventListener("htmx:afterSwap", function (event) {
    if (event.detail.target.id !== "advice") { return; }
    event.detail.target.querySelectorAll("details[id]").forEach(function (item) {
      if (item.id in unfolded) { item.open = unfolded[item.id]; }
    });
    var wanted = document.getElementById("wanted");
    if (wanted && unfolded.wanted) { wanted.value = unfolded.wanted; }
    if (document.querySelector(".beside")) { document.querySelector(".beside").scrollTop = unfolded.scroll; }
  });

  // What was typed last is sent even if the page is left or loaded again at once.
  var typed = false, chart = document.getElementById("case-form");
  if (chart) {
    chart.addEventListener("input", function () { typed = true; });
    chart.addEventListener("htmx:beforeRequest", function (event) { if (event.target === chart) { typed = false; } });
    window.addEventListener("beforeunload", function () {
      if (!typed) { return; }
      var sent = new URLSearchParams();
      new FormData(chart).forEach(function (value, name) { if (value !== "") { sent.append(name, value); } });
      navigator.sendBeacon(chart.getAttribute("hx-post"), sent);
    });
  }

  // A link to a field opens what it is folded in, and puts the cursor there.
  function lead(place) {
    var target = place && document.getElementById(place);
    if (!target) { return false; }
    for (var item = target; item; item = item.parentElement) {
      if (item.tagName === "DETAILS") { item.open = true; }
    }
    var field = target.closest(".field, .list") || target;
    field.scrollIntoView({ block: "center" });
    field.classList.remove("found");
    void field.offsetWidth;
    field.classList.add("found");
    var control = field.querySelector("input:not([type=hidden]), select, textarea, button");
    if (control) { control.focus({ preventScroll: true }); }
    return true;
  }
  // What an address leads to is unfolded.
  function unfold() {
    var target = window.location.hash && document.getElementById(window.location.hash.slice(1));
    var folded = target && target.closest("details");
    if (folded) { folded.open = true; target.scrollIntoView(); }
  }
  window.addEventListener("hashchange", unfold);
  unfold();

  document.addEventListener("click", function (event) {
    var link = event.target.closest("a.to-field");
    if (link && lead(link.hash.slice(1))) { event.preventDefault(); }
  });

  // Of the words for an answer, unknown and none exclude the others.
  document.addEventListener("change", function (event) {
    var box = event.target;
    if (box.type !== "checkbox" || !box.closest(".chips") || !box.checked) { return; }
    var alone = ["unknown", "none"];
    box.closest(".chips").querySelectorAll("input[type=checkbox]").forEach(function (other) {
      if (other !== box && (alone.indexOf(box.value) >= 0 || (other.value === "unknown"))) { other.checked = false; }
    });
  });

  // The order of events matters: a part of the page that is loaded late must not take the cursor away.
  document.addEventListener("htmx:responseError", function (event) {
    var target = event.detail.target;
    if (target && !target.closest("form")) { target.textContent = "That did not work. Try again."; }
  });
})();
(function () {
  "use strict";

  // A word that is offered takes the place of the one that was begun.
  document.addEventListener("click", function (event) {
    var word = event.target.closest(".js-word");
    if (word) {
      var line = document.getElementById("query");
      line.value = line.value.slice(0, line.value.length - word.dataset.last.length) + word.dataset.word + " ";
      line.focus();
      document.getElementById("words").textContent = "";
    }
    var abort = event.target.closest(".js-abort");
    if (abort) { window.htmx.trigger(document.querySelector(abort.dataset.abort), "htmx:abort"); }
  });
})();
