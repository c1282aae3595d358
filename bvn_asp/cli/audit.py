"""The command `bvn audit`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from bvn_asp.cli.interruption import INTERRUPTED
from bvn_asp.cli.options import PATH, command, limit_option, timeout_option
from bvn_asp.cli.terminal import (
    BAD_INPUT,
    Working,
    fail,
    say,
)
from bvn_asp.errors import PolicyError
from bvn_asp.output import check_new, write_file, write_folder
from bvn_asp.policy.loading import load_policy, shipped_policy

CHANGED = 1
"""Exit code where the findings are not those on record, or not all checks were finished."""


@command("audit")
@click.argument("policy", required=False, type=PATH)
@click.option("--accepted", type=PATH, metavar="FILE", help="YAML file of accepted findings, each with its reason.")
@click.option("--full", is_flag=True, help="Print what each finding rests on.")
@click.option("--explain", metavar="KIND", help="Say what a kind of finding means, and what to do; audit nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, certificates included.")
@click.option("--markdown", is_flag=True, help="Print Markdown.")
@click.option("--html", type=PATH, metavar="FILE", help="Write one HTML page with all certificates, a new file.")
@click.option(
    "--export",
    type=PATH,
    metavar="DIR",
    help="Write every witness as a case file and every proof as a DIMACS file, into a new folder.",
)
@click.option("--confirm", is_flag=True, help="Prove every impossibility again with a second engine (extra `proof`).")
@limit_option("Stop after so many findings.")
@timeout_option()
def audit(
    policy: Path | None, accepted: Path | None, full: bool, explain: str | None, as_json: bool, markdown: bool,
    html: Path | None, export: Path | None, confirm: bool, limit: int | None, timeout: float | None,
) -> None:  # fmt: skip
    """Check the policy for contradictions and the like.

    Exit code 1: the findings are not those on record.
    POLICY is a policy program; by default the one that comes with the package.
    """
    from bvn_asp.analysis import certificate
    from bvn_asp.analysis.audit import audit as run
    from bvn_asp.analysis.audit import load_accepted, shipped_accepted
    from bvn_asp.analysis.audit.kinds import KINDS
    from bvn_asp.report import audit as report
    from bvn_asp.report.certificates import audit_document, certificates
    from bvn_asp.report.page import Page

    if explain is not None:
        if explain not in KINDS:
            fail(f"--explain: there is no kind {explain!r}; kinds: {', '.join(KINDS)}", BAD_INPUT)
        say(report.explained(KINDS[explain]))
        return
    if as_json and markdown:
        fail("--json and --markdown: give one of them", BAD_INPUT)
    if confirm:
        certificate.engine()
    read = shipped_policy() if policy is None else load_policy(policy, circles=True, timeout=timeout)
    reasons = load_accepted(accepted or shipped_accepted())
    check_new(html)
    check_new(export, folder=True)
    try:
        with Working("checking") as working:
            found = run(read, accepted=reasons, confirm=confirm, limit=limit, timeout=timeout, progress=working.show)
    except PolicyError as error:
        raise PolicyError(f"{policy or 'the policy'}: cannot be audited: {error}") from None
    if html is not None:
        write_file(html, report.html(found))
    if export is not None:
        write_folder(export, certificates(found))
    if as_json:
        say(json.dumps(audit_document(found), indent=2))
    elif markdown:
        say(report.markdown(found).rstrip("\n"))
    else:
        page = Page()
        page.show(*report.report(found, full=full, width=page.width))
    if found.interrupted:
        fail("interrupted", INTERRUPTED)
    if found.new or found.vanished or found.unfinished:
        sys.exit(CHANGED)
