"""The commands `bvn fhir ...`: the policy as a questionnaire, and cases as answers to it."""

from __future__ import annotations

import click

from bvn_asp.cli.fhir_gather import gather
from bvn_asp.cli.fhir_response import response
from bvn_asp.cli.questionnaire import package, questionnaire, read, write


@click.group(epilog="More: bvn manual fhir")
def fhir() -> None:
    """Exchange cases, charts and decisions as FHIR R4 resources, in JSON.

    \b
    bvn fhir questionnaire -o questionnaire.json
    """


for command in (questionnaire, write, read, package, gather, response):
    fhir.add_command(command)
