"""The command `bvn readings`: the questions that the document leaves open, and what they decide for a case."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bvn_asp.cli.options import PATH, chosen_readings, command, json_option, reading_option
from bvn_asp.cli.terminal import each, say, tell, watched
from bvn_asp.decision.decision import NOTICE
from bvn_asp.decision.engine import Engine
from bvn_asp.decision.readings import compare_readings
from bvn_asp.policy.loading import shipped_policy
from bvn_asp.policy.register import Policy
from bvn_asp.report.readings import question_document, reading_lines
from bvn_asp.report.safe import safe

if TYPE_CHECKING:
    from bvn_asp.record.case import Case


@command("readings")
@click.argument("case", required=False, type=PATH)
@reading_option
@click.option("--all", "every", is_flag=True, help="Every question and option, also those that change nothing.")
@json_option
def readings(case: Path | None, reading: tuple[str, ...], every: bool, as_json: bool) -> None:
    """List the open questions of the policy.

    With a case: the questions on which its outcome depends, and what each other option would decide.
    """
    engine = Engine(shipped_policy())
    if case is None:
        _questions(engine.policy, as_json=as_json)
        return
    chosen = chosen_readings(engine.policy, reading)
    each([case], lambda name, loaded: _compare(engine, name, loaded, chosen, every=every, as_json=as_json))


def _questions(policy: Policy, *, as_json: bool) -> None:
    questions = policy.questions.values()
    if as_json:
        say(json.dumps([question_document(question) for question in questions], indent=2))
        return
    for question in questions:
        say(f"{question.id}  ({question.where})\n  {question.text}")
        for option, meaning in question.options.items():
            say(f"    {'*' if option == question.default else ' '} {option}: {meaning}")
        say(f"    default because: {question.why}\n")


def _compare(engine: Engine, name: str, case: Case, chosen: dict[str, str], *, every: bool, as_json: bool) -> None:
    questions = watched(list(engine.policy.questions.values()), "Reading")
    comparisons = list(compare_readings(engine, case, chosen, questions=questions))
    deciding = [comparison.question for comparison in comparisons if comparison.matters]
    if as_json:
        # Without a request there is nothing to recommend, and the answer is whether the patient is eligible.
        answer = "recommendation" if case.requested else "eligibility"
        outcomes = {
            c.question: {option: {answer: out.answer, "bodies": dict(out.bodies)} for option, out in c.outcomes.items()}
            for c in comparisons
        }
        say(json.dumps({"file": name, "depends_on": deciding, "outcomes": outcomes}, indent=2))
        return
    say(safe(name))
    for line in reading_lines(comparisons, engine.policy, chosen, every=every):
        tell(line)
    say(NOTICE)
