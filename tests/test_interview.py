"""Interviews: what is asked next, when it ends, and that it comes to what the whole record is decided as."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bvn_asp.analysis.interview import Interview
from bvn_asp.analysis.interview.questions import answers, questions_of, stating
from bvn_asp.analysis.interview.replay import in_chart_order, replay
from bvn_asp.cli.ask import ask
from bvn_asp.policy.loading import shipped_policy
from bvn_asp.record.case import Case
from bvn_asp.record.files import load_case, load_cases, read_case
from bvn_asp.record.writing import plain_content

CASES = Path(__file__).parent.parent / "cases"
VOLUNTEERED = ("record_complete",)
"""What a record states unasked: it speaks of all of the record, and nobody knows before all is told."""


@pytest.fixture(scope="module")
def interview() -> Interview:
    return Interview(shipped_policy())


def usual() -> dict[str, Any]:
    content = plain_content(load_case(CASES / "approve_two_bodies.yaml"))
    content["patient"]["lumbar_vertebrae"] = "five"
    content["conservative_care"] |= {"documentation_missing": False, "documentation_attached": True}
    return content


def test_what_is_usual_is_asked_last_and_assumed_if_nobody_can_say(interview: Interview) -> None:
    content = usual()
    del content["patient"]["lumbar_vertebrae"]
    step = interview.next(Case.model_validate(content))
    assert step.question is not None and step.question.place == "patient.lumbar_vertebrae" and not step.settled
    passed = interview.next(Case.model_validate(content), skipped=frozenset({"patient.lumbar_vertebrae"}))
    assert passed.settled and passed.decision.recommendation == "approve"


def without(content: dict[str, Any], *paths: str) -> Case:
    for path in paths:
        section, _, name = path.rpartition(".")
        (content[section] if section else content).pop(name)
    return Case.model_validate(content)


def test_a_settled_case_needs_no_question(interview: Interview) -> None:
    step = interview.next(Case.model_validate(usual()))
    assert step.settled and step.question is None and step.decision.recommendation == "approve"
    denied = interview.next(read_case("patient: {age: 17}\nrequest: {bodies: [L4]}"))
    assert denied.settled and denied.decision.recommendation == "deny"


def test_the_one_open_fact_is_asked_and_the_order_is_exact(interview: Interview) -> None:
    step = interview.next(without(usual(), "conditions.pregnancy"))
    assert step.question is not None and step.question.place == "conditions.pregnancy"
    assert (step.at_least, step.at_most, step.exact, step.average) == (1, 1, True, 1.0)
    assert step.question.ask == "treating clinician's note"


def test_of_two_the_one_that_can_end_it_comes_first(interview: Interview) -> None:
    # Pregnancy alone can deny; whether surgery was is settled by none of its answers alone but by details.
    step = interview.next(without(usual(), "conditions.pregnancy", "surgeries", "other_surgeries"))
    assert step.question is not None and step.question.place == "conditions.pregnancy"
    assert {question.place for question in step.open} == {"conditions.pregnancy", "surgeries[]"}


def test_two_alike_take_one_and_a_half_questions_on_average(interview: Interview) -> None:
    # Half of the answers to the first end it: one question, otherwise two.
    step = interview.next(without(usual(), "conditions.pregnancy", "conditions.bleeding_diathesis"))
    assert step.exact and step.average == 1.5 and (step.at_least, step.at_most) == (1, 2)


def test_a_detail_is_asked_after_what_it_details(interview: Interview) -> None:
    content = usual()
    case = without(content, "conditions.substance_use_active")
    step = interview.next(case)
    assert [question.place for question in step.open] == ["conditions.substance_use_active"]
    content["conditions"]["substance_use_active"] = True
    after = interview.next(Case.model_validate(content))
    assert [question.place for question in after.open] == ["conditions.substance_use_treated"]


def test_silence_about_a_detail_settles_nothing_before_it_is_asked_for(interview: Interview) -> None:
    # A diagnosis counts unless there is a score above the limit: that nobody mentions one is no answer yet.
    content = usual()
    del content["conditions"]["t_score"]
    content["conditions"]["osteoporosis_diagnosed"] = True
    step = interview.next(Case.model_validate(content))
    assert step.question is not None and step.question.place == "conditions.t_score"
    passed = interview.next(Case.model_validate(content), skipped=frozenset({"conditions.t_score"}))
    assert passed.settled and passed.decision.recommendation == "deny"


def test_what_nobody_can_say_is_not_asked_again(interview: Interview) -> None:
    case = without(usual(), "conditions.pregnancy")
    step = interview.next(case, skipped=frozenset({"conditions.pregnancy"}))
    assert step.question is None and not step.settled and step.decision.recommendation == "pend"


def test_without_a_request_the_patient_is_asked_about(interview: Interview) -> None:
    content = usual()
    del content["request"]
    assert interview.next(Case.model_validate(content)).settled
    del content["conditions"]["pregnancy"]
    step = interview.next(Case.model_validate(content))
    assert step.question is not None and step.question.place == "conditions.pregnancy"


def test_modic_changes_are_asked_before_other_findings(interview: Interview) -> None:
    # That a report was read in full says nothing before all is told that it shows.
    content = usual()
    del content["mri"]["modic_changes"], content["mri"]["read_in_full"]
    del content["findings"]
    places = [question.place for question in interview.next(Case.model_validate(content)).open]
    assert "mri.modic_changes[]" in places and "findings.present[]" not in places


def test_every_answer_that_is_counted_with_can_be_given(interview: Interview) -> None:
    case = read_case("request: {bodies: [L4, L5]}")
    content = plain_content(case)
    questions = questions_of(interview.engine.decide(case).missing, content, interview.policy)
    assert len(questions) > 30
    for question in questions:
        given = [stating(content, said) for said in answers(question, content, interview.policy)]
        assert given, question.place
        for after in given:
            Case.model_validate(after)


def sample() -> list[Any]:
    found = [(id, case) for file in sorted(CASES.glob("*.yaml")) for id, case in load_cases(file).items()]
    return [
        pytest.param(case, id=id.rpartition("/")[2], marks=[] if place % 2 else [pytest.mark.slow])
        for place, (id, case) in enumerate(found[5::110])
    ]


@pytest.mark.parametrize("case", sample())
def test_an_interview_comes_to_what_the_whole_record_is_decided_as(interview: Interview, case: Case) -> None:
    whole = interview.engine.decide(case)
    found = replay(interview, case)
    assert len(found.asked) == len(set(found.asked))
    if not any(case.at(path) is not None for path in VOLUNTEERED):
        assert len(found.asked) < found.stated
        assert found.recommendation == whole.recommendation


def test_a_late_denial_is_found_sooner_than_in_the_order_of_the_chart(interview: Interview) -> None:
    case = next(case for id, case in load_cases(CASES / "exclusion_5_pregnancy.yaml").items() if "deny_pregnant" in id)
    mine, theirs = replay(interview, case), replay(interview, case, in_chart_order)
    assert mine.recommendation == theirs.recommendation == "deny"
    assert len(mine.asked) < len(theirs.asked)


def run(lines: str, *arguments: str) -> Any:
    return CliRunner().invoke(ask, list(arguments), input=lines)


def test_an_interview_in_the_terminal(tmp_path: Path) -> None:
    saved = tmp_path / "asked.yaml"
    found = run("L4, L5\n?\nseven\n17\n", "--save", str(saved))
    assert found.exit_code == 0, found.output
    assert "number from 0 to 150, or a bound" in found.output
    assert "patient.age: expected a plain decimal number" in found.output
    assert "Settled." in found.output and "DENY" in found.output
    assert plain_content(load_case(saved)) == {"patient": {"age": "17"}, "request": {"bodies": ["L4", "L5"]}}


def test_back_stop_and_the_end_of_the_input() -> None:
    found = run("L4\n52\nback\n52\nunknown\nstop\n")
    assert found.exit_code == 0 and found.output.count("age at the procedure") >= 2
    assert run("").exit_code == 0
    assert run("L4\n").exit_code == 0


def test_lists_are_answered_in_a_line(tmp_path: Path) -> None:
    from bvn_asp.analysis.interview.answering import said
    from bvn_asp.analysis.interview.questions import Question, fields_of

    def asked(place: str) -> Question:
        return Question(place, "", "", fields_of(place), ())

    findings = said(asked("findings.present[]"), "stenosis, disc herniation", {})
    assert findings["findings.present[1].kind"] == "disc_herniation" and "tumor" in findings["findings.absent"]
    assert said(asked("surgeries[]"), "none", {}) == {"surgeries": "none"}
    assert said(asked("surgeries[]"), "2", {}) == {
        "other_surgeries": "absent", "surgeries[0]": {}, "surgeries[1]": {},
    }  # fmt: skip
    assert said(asked("conservative_care.therapies.chiropractic"), "received", {}) == {
        "conservative_care.therapies.chiropractic.status": "received"
    }
    for place, line in (("findings.present[]", "cough"), ("surgeries[]", "many"), ("surgeries[]", "99")):
        with pytest.raises(ValueError, match=r"kind of finding|expected none"):
            said(asked(place), line, {})
