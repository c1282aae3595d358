"""A policy from elsewhere is refused by name and place where it could do anything but draw conclusions."""

from __future__ import annotations

import hashlib
import json
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from bvn_asp import explain
from bvn_asp.analysis.audit import audit
from bvn_asp.analysis.change.comparison import Side
from bvn_asp.analysis.change.diff import diff
from bvn_asp.analysis.query.finder import Finder
from bvn_asp.analysis.records import ROOM, ground
from bvn_asp.analysis.search import Search, check_space
from bvn_asp.batch.decider import Decider
from bvn_asp.batch.rows import Setting
from bvn_asp.cli.commands import bvn
from bvn_asp.decision.engine import Engine
from bvn_asp.errors import GroundingTimeError, PolicyError
from bvn_asp.policy import grounding, loading, trial
from bvn_asp.policy.forms import OUTPUTS, check_forms
from bvn_asp.policy.loading import SHIPPED_SHA256, load_policy, read_policy, shipped_path, shipped_policy
from bvn_asp.policy.register import Policy
from bvn_asp.policy.shape import CORE_BODIES, Shape
from bvn_asp.policy.terms import Term
from bvn_asp.record.case import Case
from bvn_asp.record.files import load_case
from tests.batch_cases import batch_of
from tests.campaigns import counts, sampled

SMALL = Shape()
CASES = Path(__file__).parent.parent / "cases"

# What is written, and what it is called where it is refused.
FORMS = [
    # Rules that forbid records, or choose.
    (":- yes(pregnancy).", "1:1: a rule without a conclusion"),
    ("% remark\n:- yes(pregnancy).", "2:1: a rule without a conclusion"),
    ('a("%"). %* one *%\n\n  :- yes(pregnancy).', "3:3: a rule without a conclusion"),
    ("#false :- yes(pregnancy).", "1:1: a rule without a conclusion"),
    ("#true.", "1:1: a rule without a conclusion"),
    ("1 = 2 :- yes(pregnancy).", "1:1: a comparison"),
    ("not x :- yes(pregnancy).", "1:1: `not` in a conclusion"),
    ("not not x :- yes(pregnancy).", "1:1: `not` in a conclusion"),
    ("#count { F : yes(F) } > 3 :- yes(pregnancy).", "1:1: an aggregate as a conclusion"),
    ("#sum { 1 : yes(F) } = 0 :- fact(F).", "1:1: an aggregate as a conclusion"),
    ("{ a }.", "1:1: a choice"),
    ("1 { a ; b } 1 :- yes(pregnancy).", "1:1: a choice"),
    ("a ; b.", "1:1: a disjunction"),
    ("a : yes(pregnancy) ; b.", "1:1: a disjunction"),
    ("-met(i1) :- yes(pregnancy).", "1:1: a strong negation"),
    ("a :- -yes(pregnancy).", "1:6: a strong negation"),
    ("a :- not not a.", "1:6: `not not`"),
    ("a :- 1 { yes(pregnancy) }.", "1:6: a choice or a count in braces"),
    ("a :- not 1 <= #count { F : yes(F) }.", "1:10: an aggregate other than"),
    ("a :- 1 <= #sum+ { 1,F : yes(F) }.", "1:6: an aggregate other than"),
    ("a :- #true.", "1:6: #true or #false"),
    # What only the record, the run or the search states, with however many arguments.
    ("read(imaging, mri).", "1:1: a conclusion about read,"),
    ("about(pregnancy).", "1:1: a conclusion about about,"),
    ("no(pregnancy).", "1:1: a conclusion about no,"),
    ("yes(low_back_pain) :- no(pregnancy).", "1:1: a conclusion about yes,"),
    ("no(pregnancy ; low_back_pain).", "1:1: a conclusion about no,"),
    ("from(age(procedure), 40).", "1:1: a conclusion about from,"),
    ("ruled_out(spinal_cancer, none).", "1:1: a conclusion about ruled_out,"),
    ("selected(osteoporosis, either).", "1:1: a conclusion about selected,"),
    ("assumed_absent(pregnancy).", "1:1: a conclusion about assumed_absent,"),
    ("considered(l3).", "1:1: a conclusion about considered,"),
    ("finding(finding(tumor,1), trauma).", "1:1: a conclusion about finding,"),
    ("surgery(surgery(9)).", "1:1: a conclusion about surgery,"),
    ("modic(modic(9)).", "1:1: a conclusion about modic,"),
    ("complete.", "1:1: a conclusion about complete,"),
    ("documented.", "1:1: a conclusion about documented,"),
    ("closed :- no(pregnancy).", "1:1: a conclusion about closed,"),
    ("described(surgery(1)).", "1:1: a conclusion about described,"),
    ("representative(age, 5).", "1:1: a conclusion about representative,"),
    ("asked_limit(age, 5).", "1:1: a conclusion about asked_limit,"),
    ("follows(pregnancy, low_back_pain).", "1:1: a conclusion about follows,"),
    ("__fires(1).", "1:1: a conclusion about __fires,"),
    ("#defined mine/1. mine(1).", "1:18: a conclusion about mine,"),
    # Words that only the search has, which a decision would not know, or would be given otherwise.
    ("a :- listed(surgery(1)).", "1:6: a condition about listed,"),
    ("a :- #count { F : usual(F) } > 0.", "1:19: a condition about usual,"),
    ("#defined documented/0. a :- not documented.", "1:29: a condition about documented,"),
    ("a :- fact(F) : told_with(F,_).", "1:16: a condition about told_with,"),
    ("tells(pregnancy, spinal_cancer).", "1:1: a conclusion about tells,"),
    ("told_with(pregnancy, spinal_cancer).", "1:1: a conclusion about told_with,"),
    ("timed(pregnancy, age, request).", "1:1: a conclusion about timed,"),
    ("closing(pregnancy).", "1:1: a conclusion about closing,"),
    ("detail_of(pregnancy, spinal_cancer).", "1:1: a conclusion about detail_of,"),
    ("whole_if_denied(pregnancy).", "1:1: a conclusion about whole_if_denied,"),
    # Numbers that clingo would wrap.
    ("a(2147483648).", "1:3: a whole number beyond 2,147,483,647"),
    ("% 99999999999\na(0x1FFFFFFFF).", "2:3: a whole number beyond 2,147,483,647"),
    ("a(1..4294967299).", "1:6: a whole number beyond 2,147,483,647"),
    ("#show met/4294967297.", "1:11: a whole number beyond 2,147,483,647"),
    ('%* " *% a(4294967301). % "', "1:11: a whole number beyond 2,147,483,647"),
    ("a(2147483647+1).", "1:3: arithmetic that can go beyond 2,147,483,647"),
    ("a(limit*2). #const limit = 2**30.", "1:3: arithmetic that can go beyond 2,147,483,647"),
    ("#const limit = 2**31.", "1:16: arithmetic that can go beyond 2,147,483,647"),
    ("a :- 2**99 < 3.", "1:6: arithmetic that can go beyond 2,147,483,647"),
    ("a(L*L) :- threshold(_,age,L).", "1:3: arithmetic that can go beyond 2,147,483,647"),
    ("a(Z) :- threshold(_,age,L), Y = L+L, Z = Y+Y.", "1:42: arithmetic with Y, which no plain condition binds,"),
    ("a(S) :- S = #sum { L,C : threshold(C,_,L) }.", "1:9: a sum of anything but whole numbers up to 100"),
    # Numbers beside the limits, which stand for all numbers.
    ("a :- from(body_mass_index,V), V > 45000000.", "1:6: a number used otherwise"),
    ("a :- from(body_mass_index,45000000).", "1:6: a number used otherwise"),
    ("a(V) :- from(body_mass_index,V).", "1:9: a number used otherwise"),
    ("a :- from(N,V), number(N,Q), threshold(n16,P,L), V > L.", "1:6: a number used otherwise"),
    ("a :- from(N,V), number(N,Q), threshold(n16,Q,L), V > L+1.", "1:6: a number used otherwise"),
    ("a :- from(N,V), to(M,V), number(N,Q), threshold(_,Q,L), V > L.", "a number used otherwise"),
    ("a :- 1 <= #count { V : from(age(_),V) }.", "a number used otherwise"),
    # What is shown.
    ("#show met(i1) : yes(pregnancy).", "1:1: #show with a condition"),
    ("#show refused(B) : refused(B), reported(B), no(pregnancy).", "1:1: #show with a condition"),
    ("#show recommend(approve).", "1:1: #show with a condition"),
    ("#show -met/1.", "1:1: a strong negation"),
    # What reaches outside, searches, or is for other programs.
    ('#include "/etc/passwd".', "1:1: #include"),
    ('a("%"). #include "x".', "1:9: #include"),
    ("a. %* *% #include <incmode>.", "1:10: #include"),
    ("#script (lua) #end.", "1:1: #script"),
    ("a(@f(1)).", "1:3: @f"),
    ("a :- b(X), X = @f(1).", "@f"),
    (":~ yes(pregnancy). [1]", "1:1: a weak constraint"),
    ("#minimize { 1 : yes(pregnancy) }.", "a weak constraint or #minimize"),
    ("#maximize { 1 : yes(pregnancy) }.", "a weak constraint or #minimize"),
    ("#external a.", "1:1: #external"),
    ("#program other.", "1:1: #program"),
    ("#program base(x).", "1:1: #program"),
    ("#theory t { }.", "1:1: #theory"),
    ("&sum { 1 } = 1.", "a theory atom"),
    ("#heuristic a. [1,true]", "1:1: #heuristic"),
    ("#edge (a,b).", "1:1: #edge"),
    ("#project met/1.", "1:1: #project"),
    ("#const pain = pregnancy.", "1:1: #const pain for anything but a number"),
    ("#const request = 3.", "1:1: #const request, a word that records use,"),
    ("#const deny = 3.", "1:1: #const deny, a word of the policy of the package,"),
    ("#const n5 = 3.", "1:1: #const n5, a word of the policy of the package,"),
    # What the parser cannot stand.
    ("a(b \u2265 c).", "1:5: U+2265"),
    ("a.\u00a0b.", "1:3: U+00A0"),
    ('a("\u00e9").\n\u00e9.', "2:1: U+00E9"),
    ("a.\0:- yes(pregnancy).", "1:3: a NUL character"),
    ('a("\0").', "1:4: a NUL character"),
    (f"a({'f(' * 80}1{')' * 80}).", "an expression nested more than 60 deep"),
]  # fmt: skip

# What has the right form, and is refused for what it says.
MEANINGS = [
    ("circle :- not circle, yes(pregnancy).", "in a circle"),
    ("one :- not other, yes(pregnancy). other :- not one, yes(pregnancy).", "in a circle"),
    ("one :- other. other :- one. other :- yes(pregnancy).", "in a circle"),
    ("one :- 1 <= #count { 1 : one ; 2 : yes(pregnancy) }.", "in a circle"),
    ("one :- yes(pregnancy), not other(F) : fact(F). other(F) :- one, fact(F).", "in a circle"),
    ("threshold(n16, age, L) :- threshold(n1, age, L), yes(pregnancy).", "hangs on the record"),
    ("fact(mine) :- yes(pregnancy).", "fact(mine) hangs on the record"),
    ("closable(low_back_pain) :- no(pregnancy).", "closable(low_back_pain) hangs on the record"),
    ("fact(pregnancy, surgery(1)).", "declares pregnancy as fact(pregnancy), fact(pregnancy,surgery(1))"),
    ("number(pregnancy, age).", "declares pregnancy as"),
    ("choice(clinician_severity, extreme).", "declares clinician_severity as"),
    ("request(pregnancy).", "declares pregnancy as"),
    ("threshold(n16, body_mass_index, 50*whole).", "more than one fact threshold(n16, body_mass_index, ...)"),
    ("tally(n21, 5).", "more than one fact tally(n21, ...)"),
    ('clause(n5, non_indication, "a", "b", "c").', "more than one fact clause(n5, ...)"),
    ('default(course_moment, procedure, "why").', "more than one fact default(course_moment, ...)"),
    ("#const five = 5.", "#const five, a word that records use, is not allowed"),
    ('clause(1, indication, "a", "b", "c").', 'must be a name such as i1'),
    ('clause("n 5", indication, "a", "b", "c").', 'must be a name such as i1'),
    ("clause(n77, indication, 1, 2, 3).", "1 in clause(n77,indication,1,2,3) must be a text in quotation marks"),
    ('clause(n77, oddity, "a", "b", "c").', "clause n77 is of the kind oddity"),
    ('threshold(n77, age, "5").', "must be a whole number"),
    ("part(n77, n5).", "speaks of a clause that is not declared"),
    ("deep(0). deep(f(X)) :- deep(X), X != f(f(f(f(f(f(f(f(f(f(f(f(f(f(f(0))))))))))))))).", "nest terms more than 12"),
    ("optional_body(l5).", "it declares optional_body(l5); a record names bodies"),
    ("adjacent(l3,l5).", "it declares adjacent(l3,l5); a record names bodies"),
    ("threshold(n77, age, 1000000001).", "conclude the number 1000000001"),
    ("p(1). p(X+X) :- p(X).", "conclude the number 1073741824"),
    ("s :- 3 <= #sum { 2,F : yes(F), fact(F) }.", "weighs conditions differently"),
    ("met(i1) :- mispelt(i1).", "does not occur in any rule head"),
    ("p(X) :- q.", "unsafe"),
    ("billing_unit(c77, l4) :- met(i1).", "billing_unit(c77,l4) speaks of a clause that is not declared"),
    ("flag(n77).", "flag(n77) speaks of a clause that is not declared"),
    ('violated("n5") :- yes(pregnancy), no(low_back_pain).', 'violated("n5") speaks of a clause that is not declared'),
    ('recommend("deny") :- yes(pregnancy), no(low_back_pain).', "cannot be told apart; write the name without quotes"),
    ('mine("a"). mine(a).', "cannot be told apart"),
    ("mine(#sup).", "mine(#sup) has an argument that is no name, number or text"),
    # What a search has room for, and a case has not, or the other way round: proved of the one, untrue of the other.
    ("violated(n5) :- found(pregnancy), considered(t12).", "considered(t12), which names a place that a run need not"),
    ("some :- not considered(t10).", "not considered(t10), which names a place that a run need not have,"),
    ("some :- surgery(surgery(2)).", "surgery(surgery(2)), which names a place that a run need not have,"),
    ("some :- not no(modic_present(modic(3))).", "which names a place that a run need not have,"),
    ("some :- modic(M), modic(N), M != N.", "modic(M) of places that neither the conclusion nor a statement is about"),
    ("some :- 2 <= #count { S : surgery(S) }.", "surgery(S) of places that neither the conclusion nor a statement"),
    ("some :- pathology(_).", "pathology(_) of places that neither the conclusion nor a statement is about"),
    ("some :- not no(F) : fact(F).", "not no(F) of places that neither the conclusion nor a statement is about"),
    ("each(S) :- surgery(S). some :- each(S), not no(present(S)).", "each(S) of places that neither the conclusion"),
]  # fmt: skip

BENIGN = [
    ("", ""),
    ("seeks_cause(n15;n22).",
     "seeks_cause(n15;n22). fact(old(S),S) :- surgery(S). of(S) :- surgery(S), yes(old(S)). "
     "violated(n5) :- of(S), yes(requested(B)), not lumbar(B)."),
    ("threshold(n16, body_mass_index, 40*whole).", "threshold(n16, body_mass_index, 45*whole)."),
    ("violated(n5) :- found(pregnancy).", "violated(n5) :- found(pregnancy), yes(low_back_pain)."),
    ("clear(n5) :- lacking(pregnancy).", "clear(n5) :- not yes(pregnancy)."),
    ("tally(n21, 4).", "tally(n21, 3)."),
    ("default(precedence, exclusions,", "default(precedence, indications,"),
    ("#show flag/1.", "#show flag/1. #show found/1. #program base. #defined nothing/3. #const half = 3 + 2."),
    ("seeks_cause(n15;n22).",
     'seeks_cause(n15;n22). % \u2265, "#include" and { a }\n%* :- a. #script *% say("#include @ { :~ \u2265").'),
    ("seeks_cause(n15;n22).",
     'seeks_cause(n15;n22). %* " 9999999999 *% note("9999999999"). p(1..3). q(X+3-Y,x9999999999) :- p(X), p(Y).'),
    ("seeks_cause(n15;n22).",
     "seeks_cause(n15;n22).\nfact(mine). violated(n5) :- yes(mine). p(1..3;7). q(X) :- p(X), not found(mine)."),
]  # fmt: skip


@pytest.fixture(autouse=True)
def _time_enough_on_a_busy_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "SECONDS", 150.0)


def written(folder: Path, text: str) -> Path:
    path = folder / "other.lp"
    path.write_text(text, encoding="utf-8")
    return path


def message_of(words: str) -> str:
    return rf"other\.lp:.*{re.escape(words)}.* is not allowed in a policy"


@pytest.mark.parametrize(("statement", "words"), FORMS, ids=range(len(FORMS)))
def test_a_form_that_is_not_on_the_list_is_refused_by_name_and_place(statement: str, words: str) -> None:
    with pytest.raises(PolicyError, match=message_of(words)):
        check_forms(statement, "other.lp")


@counts("step", 20, 1)
def test_a_form_that_is_not_on_the_list_is_refused_in_the_midst_of_a_policy_and_in_a_file(
    step: int, tmp_path: Path
) -> None:
    for statement, words in FORMS[::step]:
        with pytest.raises(PolicyError, match=message_of(words)):
            check_forms(f"{statement}\n{shipped_policy().text}", "other.lp")
        with pytest.raises(PolicyError, match=message_of(words)):
            load_policy(written(tmp_path, statement))


@pytest.mark.parametrize(("rules", "words"), sampled(MEANINGS, *range(0, len(MEANINGS), 6)), ids=range(len(MEANINGS)))
def test_rules_that_say_what_no_policy_can_are_refused(
    rules: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial, "MEGABYTES", 400)
    with pytest.raises(PolicyError, match=re.escape(words)) as caught:
        load_policy(written(tmp_path, f"{shipped_policy().text}\n{rules}\n"))
    assert "other.lp" in str(caught.value)


@pytest.mark.parametrize(("old", "new"), sampled(BENIGN, 1, 8, 10), ids=range(len(BENIGN)))
def test_an_edit_in_the_listed_forms_is_read(old: str, new: str, tmp_path: Path) -> None:
    text = shipped_policy().text
    assert old in text
    policy = load_policy(written(tmp_path, text.replace(old, new)))
    assert Engine(policy).decide(load_case(CASES / "approve_two_bodies.yaml")).recommendation in ("approve", "deny")


def test_a_policy_that_hides_what_a_decision_is_read_from_is_refused(tmp_path: Path) -> None:
    text = shipped_policy().text.replace("#show violated/1.", "")
    with pytest.raises(PolicyError, match="it has #show, but not for violated/1"):
        load_policy(written(tmp_path, text))
    shown = set(re.findall(r"#show (\w+)(?:/|\()", shipped_policy().text))
    assert shown == {name for name, _ in OUTPUTS} | {"overridden"}


def test_a_byte_order_mark_is_no_part_of_a_policy(tmp_path: Path) -> None:
    path = tmp_path / "marked.lp"
    path.write_bytes(b"\xef\xbb\xbf" + shipped_path().read_bytes())
    assert load_policy(path) == shipped_policy()


# Every way by which a policy comes in.
HOSTILE = ":- yes(pregnancy).\n"


@pytest.mark.parametrize(
    "words",
    [
        ["find", "approve", "--policy"],
        ["prove", "n5 violated => deny", "--policy"],
        ["diff"],
        ["audit"],
        ["impact", str(CASES / "approve_two_bodies.yaml"), "--against"],
    ],
    ids=lambda words: words[0],
)
def test_every_command_that_takes_a_policy_refuses_it_alike(words: list[str], tmp_path: Path) -> None:
    path = written(tmp_path, HOSTILE + shipped_policy().text)
    found = CliRunner().invoke(bvn, [*words, str(path)])
    assert isinstance(found.exception, PolicyError), found.output
    assert str(found.exception) == f"{path}:1:1: a rule without a conclusion is not allowed in a policy"


@pytest.mark.parametrize("rule", [HOSTILE, "one :- not one, yes(pregnancy).\n", "no(pregnancy).\n"])
def test_the_policy_of_the_package_is_read_like_any_other_once_it_is_edited(
    rule: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, rule + shipped_policy().text)
    monkeypatch.setattr(loading, "shipped_path", lambda: path)
    with pytest.raises(PolicyError, match=r"not allowed|in a circle"):
        shipped_policy.__wrapped__()


def test_the_digest_is_that_of_the_policy_which_then_starts_without_a_trial(monkeypatch: pytest.MonkeyPatch) -> None:
    assert hashlib.sha256(shipped_path().read_bytes()).hexdigest() == SHIPPED_SHA256, "put the new digest there"
    monkeypatch.setattr(trial, "check_bounded", lambda *_, **__: pytest.fail("a trial"))
    policy = shipped_policy.__wrapped__()
    assert Engine(policy).decide(load_case(CASES / "approve_two_bodies.yaml")).recommendation == "approve"
    assert ground(policy.text, SMALL).atoms


def test_only_what_the_program_itself_makes_of_a_policy_is_read_unexamined() -> None:
    folder = Path(loading.__file__).parent.parent
    callers = {path.relative_to(folder).as_posix() for path in folder.rglob("*.py") if "policy_of(" in path.read_text()}
    assert callers == {
        "policy/register.py",
        "policy/loading.py",
        "policy/variants.py",
        "analysis/mutants.py",
        "analysis/atlas/conditions.py",
    }


# What a foreign policy would take is known before it is taken.
# Small at the bodies of a case, and too large at those of a search.
WIDER = "wide(A,B,C,D,E) :- site(A), site(B), site(C), site(D), site(E), surgery(X), yes(at(X,A)).\n"
SLOW = "slow(1..9). p :- slow(A), slow(B), slow(C), slow(D), slow(E), slow(F), slow(G), slow(H), slow(I), slow(J), " \
       "slow(K), all(A,B,C,D,E,F,G,H,I,J,K) < 0.\n"  # fmt: skip


@pytest.mark.parametrize(
    "work",
    sampled([
        lambda policy: Finder(policy).find("approve", timeout=None),
        lambda policy: diff(Side("policy.lp", shipped_policy(), {}), Side("other.lp", policy, {})),
        audit,
        lambda policy: Engine(policy).program(Shape(bodies=("L1", "L2", *CORE_BODIES, "S2"))),
    ], 0),
    ids=["find", "diff", "audit", "decide"],
)  # fmt: skip
def test_what_a_search_or_a_case_would_ground_is_bounded_where_it_is_larger(
    work: Callable[[Policy], object], tmp_path: Path
) -> None:
    policy = load_policy(written(tmp_path, shipped_policy().text + WIDER))
    assert Engine(policy).decide(Case()).recommendation is None
    with pytest.raises(PolicyError, match=r"other\.lp: its rules cannot be written out in 700 MB .* 300,000 rules"):
        work(policy)


def test_rules_that_are_wide_anywhere_are_refused_when_they_are_read(tmp_path: Path) -> None:
    rule = f"wide({','.join('ABCDEFGH')}) :- {', '.join(f'yes({letter})' for letter in 'ABCDEFGH')}.\n"
    begun = time.monotonic()
    with pytest.raises(PolicyError, match="cannot be written out"):
        load_policy(written(tmp_path, shipped_policy().text + rule))
    assert time.monotonic() - begun < trial.SECONDS


def test_the_time_of_a_command_is_also_that_of_grounding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, shipped_policy().text + SLOW)
    monkeypatch.setattr(loading, "LEAST_SECONDS", 2.0)
    begun = time.monotonic()
    with pytest.raises(GroundingTimeError, match=r"other\.lp: its rules cannot be written out in the time"):
        load_policy(path, timeout=0.1)
    found = CliRunner().invoke(bvn, ["diff", str(path), "--timeout", "1"])
    assert isinstance(found.exception, GroundingTimeError)
    assert time.monotonic() - begun < 15
    quick = load_policy(written(tmp_path, shipped_policy().text + "% another\n"))
    with pytest.raises(GroundingTimeError):
        Finder(quick).find("approve", timeout=0.01)


def test_the_child_that_grounds_on_trial_sees_no_module_of_the_folder_it_is_called_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit(0)\n")
    path = written(tmp_path, HOSTILE + shipped_policy().text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry])
    with pytest.raises(PolicyError, match="a rule without a conclusion"):
        load_policy(path)


def chain(length: int) -> str:
    """Return the policy with pregnancy as another bleeding diathesis, by so many steps."""
    steps = [f"step{n} :- {f'step{n - 1}' if n else 'found(pregnancy)'}.\n" for n in range(length)]
    clear = "clear(n4) :- "
    assert clear in shipped_policy().text
    text = shipped_policy().text.replace(clear, f"{clear}lacking(pregnancy), ")
    return f"{text}\n{''.join(steps)}violated(n4) :- step{length - 1}.\n"


def test_a_long_chain_of_rules_is_followed_or_refused_never_a_failure(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"other\.lp: it has a chain of \d+ conclusions"):
        load_policy(written(tmp_path, chain(3000)))
    policy = load_policy(written(tmp_path, chain(90)))
    decision = Engine(policy).decide(Case.model_validate({"conditions": {"pregnancy": True}}))
    assert "n4" in [c.clause.id for c in decision.criteria if c.status == "violated"] and explain(decision)


@pytest.mark.slow
def test_a_long_chain_of_rules_is_followed_by_searches_and_proofs(tmp_path: Path) -> None:
    policy = load_policy(written(tmp_path, chain(90)))
    found = diff(Side("policy.lp", shipped_policy(), {}), Side("other.lp", policy, {}), room=SMALL, limit=0)
    assert "n4" in [c.id for c in found.comparisons if c.verdict not in ("equivalent", "unsettled")]
    assert Finder(policy).prove("pregnancy => n4 violated", timeout=None).holds


def test_a_circle_is_left_to_the_audit_to_find(tmp_path: Path) -> None:
    circle = "violated(n5) :- not clear(n5). clear(n5) :- not violated(n5).\n"
    path = written(tmp_path, shipped_policy().text + circle)
    found = CliRunner().invoke(bvn, ["audit", str(path), "--json"])
    assert found.exit_code == 1
    assert [finding["check"] for finding in json.loads(found.output)["findings"]] == ["circle"]


def test_a_policy_that_was_read_stays_under_watch_and_what_begins_with_it_too() -> None:
    text = f"{shipped_policy().text}\n% under watch\n"
    read_policy(text, "watched.lp")
    structure: tuple[Term, ...] = tuple(Shape().terms())
    grounding.grounded([text], structure)
    with pytest.raises(PolicyError, match=r"watched\.lp: its rules cannot be written out"):
        grounding.grounded([text + "p(0). p(X+1) :- p(X).\n"], structure)


# Policies that conclude of one record what excludes each other: of each, of every record, and of some.
CONTRADICTING = [
    "recommend(approve).",
    "recommend(approve) :- yes(pregnancy).",
    "eligible :- yes(pregnancy).",
    "clear(n5) :- yes(pregnancy).",
    "unmet(i1) :- yes(pregnancy).",
    "refused(l4) :- yes(pregnancy), met(i9).",
]


@pytest.mark.parametrize("rule", sampled(CONTRADICTING, 3))
def test_a_policy_that_concludes_of_one_record_what_excludes_each_other_decides_nothing_anywhere(
    rule: str, tmp_path: Path
) -> None:
    policy = load_policy(written(tmp_path, f"{shipped_policy().text}\n{rule}\n"))
    pregnant = load_case(CASES / "approve_two_bodies.yaml").model_dump(mode="json", exclude_unset=True)
    pregnant = {**pregnant, "conditions": {**pregnant["conditions"], "pregnancy": True}}
    case = Case.model_validate(pregnant)
    refusal = r"other\.lp: it concludes both \S+ and \S+ of one record, so that nothing can be decided"
    with pytest.raises(PolicyError, match=refusal):
        Engine(policy).decide(case)
    with pytest.raises(PolicyError, match=refusal):
        Decider(Setting(policy)).decide(batch_of([case]))
    with pytest.raises(PolicyError, match=refusal):
        Decider(Setting(policy), whole=False).decide(batch_of([case]))
    if rule not in (CONTRADICTING[1], CONTRADICTING[3]):
        return
    with pytest.raises(PolicyError, match=refusal):
        diff(Side("here", shipped_policy(), {}), Side("there", policy, {}), room=SMALL)
    with pytest.raises(PolicyError, match=refusal):
        Finder(policy).find("approve")
    with pytest.raises(PolicyError, match=refusal):
        Finder(policy).prove("approve => age >= 18")


def test_the_policy_of_the_package_concludes_nothing_that_excludes_each_other_however_it_is_read() -> None:
    check_space(Search(shipped_policy()).space, shipped_policy(), ROOM)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            "n10, t_score, -25*whole/10",
            "n10, t_score, -25*whole",
            "n10 is -25, and conditions.t_score goes",
        ),
        (
            "n16, body_mass_index, 40*",
            "n16, body_mass_index, 301*",
            "n16 is 301, and patient.body_mass_index goes",
        ),
    ],
)
def test_a_limit_that_no_record_can_reach_is_refused_and_told_with_its_field(
    old: str, new: str, words: str, tmp_path: Path
) -> None:
    text = shipped_policy().text
    assert f"threshold({old}" in text
    path = written(tmp_path, text.replace(f"threshold({old}", f"threshold({new}"))
    with pytest.raises(PolicyError, match=rf"other\.lp: the limit of {words}.*: no record can reach it"):
        load_policy(path)
    # An audit is what finds it.
    assert load_policy(path, circles=True).thresholds
