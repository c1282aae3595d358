"""The command `bvn fhir gather`: what a chart states, as a case."""

from __future__ import annotations

from pathlib import Path

import click

from bvn_asp.cli.options import PATH, command
from bvn_asp.cli.terminal import fail, say


@command("claims")
@click.argument("path", metavar="BUNDLE", type=PATH)
@click.option("-o", "--output", type=PATH, metavar="CASE", help="A new case file (YAML); by default it is printed.")
def gather(path: Path, output: Path | None) -> None:
    """Fill in from a chart what its resources state.

    BUNDLE is a FHIR Bundle of US Core resources about one patient, or - for standard input. Each statement names its
    resource, and nothing is inferred; what was used and what was left out, and why, is listed.
    """
    from bvn_asp.fhir.chart import gather as gathered
    from bvn_asp.fhir.chart import listing
    from bvn_asp.fhir.resource import resource_at
    from bvn_asp.output import check_new, write_file
    from bvn_asp.record.writing import yaml_text

    check_new(output)
    chart = gathered(resource_at(path, "Bundle"))
    text = yaml_text(chart.content)
    lines = "\n".join(listing(chart))
    if output is None:
        say(text.rstrip("\n"))
        fail(lines)
        return
    write_file(output, text)
    say(f"{output}: what the chart states, to be completed and reviewed\n{lines}")
