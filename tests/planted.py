"""Edited policies, each with one planted defect, and the finding by which an audit must name it."""

from __future__ import annotations

from dataclasses import dataclass

from bvn_asp.policy.loading import shipped_policy


@dataclass(frozen=True)
class Planted:
    """An edit of the policy: replaced texts, an addition, the check that must notice, and the key of its finding.

    With `gone`, it is a finding of the unedited policy that must no longer be there.
    """

    name: str
    check: str
    key: str
    replaced: tuple[tuple[str, str], ...] = ()
    added: str = ""
    gone: bool = False

    @property
    def text(self) -> str:
        """The edited program."""
        text = shipped_policy().text
        for old, new in self.replaced:
            assert old in text, f"{self.name}: not in the policy: {old}"
            text = text.replace(old, new)
        return f"{text}\n{self.added}\n"


def _clause(id: str, kind: str = "non_indication", rules: str = "", source: bool = True) -> str:
    section = "Non-Indications" if kind == "non_indication" else "Indications"
    cited = f" source({id}, 1)." if source else ""
    return f'clause({id}, {kind}, "{section}", "{id[1:]}", "planted").{cited} {rules}'


_EXTRA = (
    'question(extra, "nowhere", "What now?"). option(extra, one, "this"). option(extra, other, "that"). '
    'default(extra, one, "No reason."). '
)

PLANTED = (
    Planted(
        "a clause twice", "relations", "duplicate n5 n23",
        added=_clause("n23", rules="violated(n23) :- found(pregnancy). clear(n23) :- lacking(pregnancy)."),
    ),
    Planted(
        "an indication that a non-indication contradicts", "lists", "contradiction i11 n5",
        added=_clause("i11", "indication", "met(i11) :- yes(pregnancy). unmet(i11) :- no(pregnancy)."),
    ),
    Planted(
        "an indication that contradicts a limit", "lists", "contradiction i11 n16",
        added=_clause(
            "i11", "indication",
            "threshold(i11, body_mass_index, 45*whole). met(i11) :- above(body_mass_index,i11). "
            "unmet(i11) :- at_most(body_mass_index,i11).",
        ),
    ),
    Planted("a clause without rules", "form", "no-rules n23", added=_clause("n23")),
    Planted("a clause without citation", "form", "uncited n5", (("source(n5, 1).", ""),)),
    Planted("a conclusion that nothing uses", "form", "unused leftover", added="leftover(B) :- considered(B)."),
    Planted(
        "a rule that cannot fire", "form",
        "idle-rule violated(n5) :- found(pregnancy); chosen(severe_scope,both); chosen(severe_scope,cardiac).",
        added="violated(n5) :- found(pregnancy), chosen(severe_scope,both), chosen(severe_scope,cardiac).",
    ),
    Planted(
        "a condition that does nothing", "form",
        "idle-condition not no(pregnancy) violated(n5) :- found(pregnancy); not no(pregnancy).",
        (("violated(n5) :- found(pregnancy).", "violated(n5) :- found(pregnancy), not no(pregnancy)."),),
    ),
    Planted("a label that repeats its limit", "form", "number-in-label n16 40",
            (('"body mass index greater than {limit}"', '"body mass index greater than 40"'),)),
    Planted("words for what nothing states", "form", "unused-wording leftover", added='wording(leftover, "left over").'),
    Planted(
        "a limit that excludes its own value", "limits", "boundary n1 i1",
        (
            ("violated(n1) :- chosen(age_moment,W), below(age(W),n1).", "violated(n1) :- chosen(age_moment,W), at_most(age(W),n1)."),
            ("of_age :- chosen(age_moment,W), at_least(age(W),n1).", "of_age :- chosen(age_moment,W), above(age(W),n1)."),
        ),
    ),
    Planted(
        "a limit of the repeated block that includes its own value", "limits", "boundary n14a n8a",
        (
            ("as_described(C,F) :- above(size(F),C), in_levels(F).",
             "as_described(C,F) :- above(size(F),C), in_levels(F), part(C,n8). "
             "as_described(C,F) :- at_least(size(F),C), in_levels(F), part(C,n14)."),
            ("not_as_described(C,F) :- at_most(size(F),C), chosen(extrusion_size,both).",
             "not_as_described(C,F) :- at_most(size(F),C), part(C,n8), chosen(extrusion_size,both). "
             "not_as_described(C,F) :- below(size(F),C), part(C,n14)."),
        ),
    ),
    Planted("an age limit that differs between the lists", "limits", "limits-differ age i1 n1",
            (("threshold(n1, age, 18*whole).", "threshold(n1, age, 21*whole)."),)),
    Planted("a size limit that differs between the blocks", "limits", "limits-differ disc_displacement n8a n14a",
            (("threshold(n14a, disc_displacement, 5*whole).", "threshold(n14a, disc_displacement, 4*whole)."),)),
    Planted("a limit of bodies that differs between the lists", "limits", "limits-differ bodies i10 n21",
            (("tally(n21, 4).", "tally(n21, 3)."),)),
    Planted("a limit that no record can reach", "limits", "limit-unreachable n16 body_mass_index",
            (("threshold(n16, body_mass_index, 40*whole).", "threshold(n16, body_mass_index, 301*whole)."),)),
    Planted("a range that lets the limit of four bind", "limits", "never-binds i10",
            (("default(body_range, restricted,", "default(body_range, unrestricted,"),), gone=True),
    Planted("an exception dropped on one side", "sides", "undecided n17",
            (("clear(n17) :- yes(objective_stated), chosen(systemic_objective,lifts).\n", ""),)),
    Planted("an exception for old surgery dropped", "sides", "undecided n7",
            (("no_surgery_at(S,B) :- considered(B), excepted(S).\n", ""),)),
    Planted("a flipped polarity", "sides", "contradicts-itself n5",
            (("violated(n5) :- found(pregnancy).", "violated(n5) :- lacking(pregnancy)."),)),
    Planted("a flipped polarity leaves the other answer open", "sides", "undecided n5",
            (("violated(n5) :- found(pregnancy).", "violated(n5) :- lacking(pregnancy)."),)),
    Planted("an indication satisfied and failed by the same fact", "sides", "contradicts-itself i6",
            (("unmet(i6) :- no(behavioral_assessment).", "unmet(i6) :- yes(behavioral_assessment)."),)),
    Planted("a criterion that cannot fail", "sides", "never-fails n16",
            (("violated(n16) :- above(body_mass_index,n16).\n", ""),)),
    Planted("a criterion that cannot be satisfied", "sides", "never-holds n19",
            (("clear(n19) :- pulse_generator_safe, other_implant_safe.\n", ""),)),
    Planted("obligations read as norms leave nothing to approve", "outcomes", "unreachable approve",
            (("default(obligations, breach,", "default(obligations, norm,"),)),
    Planted("no partial recommendation", "outcomes", "unreachable partial",
            (("patient_fits, treats_some, refuses_some, chosen(impermissible_bodies,per_body).", "pregnant, healthy."),
             ("patient_fits, treats_some, over_limit(C), chosen(impermissible_bodies,per_body).", "over_limit(C), pregnant, healthy.")),
            "pregnant :- yes(pregnancy). healthy :- no(pregnancy)."),
    Planted("a body that is never permitted", "outcomes", "body-never-permitted S1",
            (("cleared_by(B,C) :- passes_at(C,B).", "cleared_by(B,C) :- passes_at(C,B), B != s1."),)),
    Planted("never four bodies at once", "outcomes", "count-never-permitted 4",
            (("cleared_by(B,C) :- passes_at(C,B).",
              "cleared_by(B,C) :- passes_at(C,B), B != s1, B != l6."),)),
    Planted(
        "a criterion that two others cover together, though none alone", "alone", "never-alone n23",
        added=_clause(
            "n23",
            rules="violated(n23) :- found(bleeding_diathesis). violated(n23) :- found(pregnancy). "
            "clear(n23) :- lacking(bleeding_diathesis), lacking(pregnancy).",
        ),
    ),
    Planted(
        "a criterion within another", "relations", "implies n23 n16",
        added=_clause(
            "n23",
            rules="threshold(n23, body_mass_index, 50*whole). violated(n23) :- above(body_mass_index,n23). "
            "clear(n23) :- at_most(body_mass_index,n23).",
        ),
    ),
    Planted(
        "two criteria that exclude each other because one number has one value", "relations", "exclude n16 n23",
        added=_clause(
            "n23",
            rules="threshold(n23, body_mass_index, 15*whole). violated(n23) :- below(body_mass_index,n23). "
            "clear(n23) :- at_least(body_mass_index,n23).",
        ),
    ),
    Planted("a block that no longer repeats the other", "relations", "duplicate n8d n14d",
            (("source((n14;n14a;n14b;n14c;n14d), 1).",
              "source((n14;n14a;n14b;n14c;n14d), 1). violated(n14d) :- found(pregnancy)."),), gone=True),
    Planted("any listed pathology could explain the pain, and swallows other exclusions", "alone", "never-alone n7",
            (("default(could_explain, judgement,", "default(could_explain, any_listed,"),)),
    Planted("a reading that changes nothing", "readings", "reading-idle extra=other", added=_EXTRA),
    Planted("a reading under which nothing can be approved", "readings", "reading-unsatisfiable extra=other",
            (("clear(n5) :- lacking(pregnancy).", "clear(n5) :- lacking(pregnancy), chosen(extra,one)."),),
            _EXTRA + "violated(n5) :- chosen(extra,other)."),
    Planted(
        "a reading under which one criterion covers another", "readings", "reading-silences extra=other n5",
        (("clear(n4) :- lacking(bleeding_diathesis), chosen(bleeding_diathesis,disorder).",
          "clear(n4) :- lacking(bleeding_diathesis), chosen(bleeding_diathesis,disorder), chosen(extra,one). "
          "clear(n4) :- lacking(bleeding_diathesis), lacking(pregnancy), chosen(bleeding_diathesis,disorder)."),),
        _EXTRA + "violated(n4) :- found(pregnancy), chosen(extra,other).",
    ),
    Planted("an indication that no longer undoes an exception", "exceptions", "undoes i5 n7",
            (("default(old_decompression, exception_answers_presence,", "default(old_decompression, exception_prevails,"),),
            gone=True),
    Planted("an exclusion that fails open", "changes", "fails-open pregnancy",
            (("clear(n5) :- lacking(pregnancy).", "clear(n5) :- not yes(pregnancy)."),)),
    Planted("an indication that fails open", "changes", "fails-open low_back_pain",
            (("    yes(low_back_pain),\n", "    not no(low_back_pain),\n"),)),
    Planted("a fact that no longer matters", "changes", "idle-fact pregnancy",
            (("violated(n5) :- found(pregnancy).\n", ""), ("clear(n5) :- lacking(pregnancy).", "clear(n5)."))),
    Planted(
        "a number of which more helps and harms", "changes", "two-way pain_duration",
        added=_clause(
            "n23",
            rules="threshold(n23, pain_duration, 24*whole). "
            "violated(n23) :- chosen(course_moment,W), above(pain_duration(W),n23). "
            "clear(n23) :- chosen(course_moment,W), at_most(pain_duration(W),n23).",
        ),
    ),
    Planted(
        "a limit that no recommendation depends on", "changes", "idle-limit n23 pain_duration",
        added=_clause(
            "n23",
            rules="threshold(n23, pain_duration, 24*whole). violated(n23) :- found(pregnancy). "
            "clear(n23) :- lacking(pregnancy).",
        ),
    ),
    Planted("a defect of the text struck from the register", "text", "text References 10",
            (('text_defect("References 10", "the address leads to another determination than the one named").\n', ""),),
            gone=True),
)  # fmt: skip
