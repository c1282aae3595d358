"""The command `bvn audit`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bvn_asp.errors import PolicyError
from bvn_asp.policy import load_policy, shipped_policy
from bvn_asp.terminal import (
    BAD_INPUT,
    INTERRUPTED,
    Page,
    Working,
    check_file,
    check_folder,
    fail,
    say,
    write_all,
    write_whole,
)

if TYPE_CHECKING:
    from bvn_asp.audit.finding import Audit

CHANGED = 1
"""Exit code where the findings are not those on record, or not all checks were finished."""


def audit(
    policy: Annotated[
        Path | None, typer.Argument(help="A policy program; by default the one that comes with the package.")
    ] = None,
    accepted: Annotated[
        Path | None, typer.Option(help="YAML file of accepted findings, each with its reason.", metavar="FILE")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, certificates included.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown.")] = False,
    html: Annotated[
        Path | None, typer.Option(help="Write one HTML page with all certificates.", metavar="FILE")
    ] = None,
    export: Annotated[
        Path | None,
        typer.Option(help="Write every witness as a case file and every proof as a DIMACS file.", metavar="DIR"),
    ] = None,
    confirm: Annotated[
        bool, typer.Option("--confirm", help="Prove every impossibility again with a second engine (extra `proof`).")
    ] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Stop after so many findings.")] = None,
    timeout: Annotated[float | None, typer.Option(min=0.1, help="Give up after so many seconds.")] = None,
) -> None:
    """Audit the policy; exit code 1 if the findings are not those on record."""
    from bvn_asp import certificate
    from bvn_asp.audit import audit as run
    from bvn_asp.audit import load_accepted, report, shipped_accepted

    if as_json and markdown:
        fail("--json and --markdown: give one of them", BAD_INPUT)
    if confirm:
        certificate.engine()
    read = shipped_policy() if policy is None else load_policy(policy)
    reasons = load_accepted(accepted or shipped_accepted())
    if html is not None:
        check_file(html)
    if export is not None:
        check_folder(export)
    try:
        with Working("checking") as working:
            found = run(read, accepted=reasons, confirm=confirm, limit=limit, timeout=timeout, progress=working.show)
    except PolicyError as error:
        raise PolicyError(f"{policy or 'the policy'}: cannot be audited: {error}") from None
    if html is not None:
        write_whole(html, report.html(found))
    if export is not None:
        _export(found, export)
    if as_json:
        say(json.dumps(report.data(found), indent=2))
    elif markdown:
        say(report.markdown(found).rstrip("\n"))
    else:
        page = Page()
        page.show(report.lines(found, page.width))
    if found.interrupted:
        fail("interrupted", INTERRUPTED)
    if found.new or found.vanished or found.unfinished:
        raise typer.Exit(CHANGED)


def _export(found: Audit, folder: Path) -> None:
    """Write the certificates of an audit as files named by their finding."""
    from bvn_asp.audit.report import certificate_name
    from bvn_asp.query.casefile import case_text

    files: list[tuple[str, str]] = []
    for number, finding in enumerate(found.findings, 1):
        for place, (caption, witness) in enumerate(finding.witnesses, 1):
            expected = {"readings": dict(witness.readings), "recommendation": witness.decision.recommendation}
            text = case_text(witness.record, f"{finding.key}: {caption}.", [expected])
            files.append((certificate_name(finding, number, "witness", place), text))
        for place, proof in enumerate(finding.proofs, 1):
            files.append((certificate_name(finding, number, "proof", place), proof.dimacs()))
    write_all(folder, files)
