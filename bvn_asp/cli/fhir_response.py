"""The command `bvn fhir response`: what is recommended on a case, as the answer to a prior authorization."""

from __future__ import annotations

import datetime
from pathlib import Path

import click

from bvn_asp.cli.options import (
    PATH,
    assume_absent_option,
    case_argument,
    chosen_readings,
    command,
    reading_option,
)
from bvn_asp.cli.terminal import BAD_INPUT, fail, say


@command("claims")
@case_argument
@click.option("-o", "--output", type=PATH, metavar="FILE", help="A new file; by default it is printed.")
@click.option("--claim", type=PATH, metavar="CLAIM", help="The Claim that it answers, or the Bundle that it came in.")
@click.option("--resource", "alone", is_flag=True, help="Write the ClaimResponse alone, in no Bundle.")
@reading_option
@assume_absent_option
def response(
    path: Path,
    output: Path | None,
    claim: Path | None,
    alone: bool,
    reading: tuple[str, ...],
    assume_absent: bool | None,
) -> None:
    """Write a recommendation as a FHIR ClaimResponse, in a Bundle with what it refers to.

    In the shape of Da Vinci PAS: an item for each code, with review action, reason and notes. It says that no human has
    reviewed it: a person does before it is sent. CASE is a case file, or - for standard input.
    """
    from bvn_asp.decision.engine import Engine
    from bvn_asp.decision.shapes import room_for
    from bvn_asp.fhir.answered import Answered
    from bvn_asp.fhir.bundle import missing, response_bundle
    from bvn_asp.fhir.claim import ClaimError, claim_response
    from bvn_asp.fhir.submitted import answered_at
    from bvn_asp.fhir.text import json_text
    from bvn_asp.output import check_new, write_file
    from bvn_asp.policy.loading import shipped_policy
    from bvn_asp.record.files import case_at, is_folder
    from bvn_asp.report.gathering import gathered

    if is_folder(path):
        fail(f"{path}: a folder; expected one case file", BAD_INPUT)
    check_new(output)
    case = case_at(path)
    answered = answered_at(claim) if claim is not None else Answered()
    engine = Engine(shipped_policy(room_for(case)))
    decision = engine.decide(case, chosen_readings(engine.policy, reading), assume_absent=assume_absent)
    called = "" if str(path) == "-" else str(path)
    report = gathered(decision, case, called, made=datetime.date.today().isoformat())
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    try:
        found = claim_response(report, engine.policy, case, answered)
    except ClaimError as error:
        raise ClaimError(f"{path}: {error}") from None
    if not alone:
        found = response_bundle(found, answered.sent, now)
        for name in missing(found):
            fail(f"warning: {name} did not come with the claim, and is not in the Bundle")
    text = json_text(found)
    if output is None:
        say(text.rstrip("\n"))
        return
    write_file(output, text)
    say(f"{output}: {report.recommendation}\n{report.notice}")
