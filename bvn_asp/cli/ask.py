"""The command `bvn ask`: an interview in the terminal."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bvn_asp.cli.options import PATH, chosen_readings, command, reading_option
from bvn_asp.cli.terminal import fail, say
from bvn_asp.errors import CaseError

if TYPE_CHECKING:
    from bvn_asp.analysis.interview import Question, Step

_HELP = "? what an answer can be; empty or unknown: nobody can say; back; stop"
Content = dict[str, Any]


@command("workbench")
@click.argument("path", metavar="[CASE]", type=PATH, required=False)
@click.option("--save", type=PATH, metavar="FILE", help="Write the case as a new file at the end.")
@reading_option
def ask(path: Path | None, save: Path | None, reading: tuple[str, ...]) -> None:
    """Ask about a case until it is settled.

    The next question is always the one that settles the case soonest. CASE holds what is known already.
    """
    from bvn_asp.analysis.interview import Interview
    from bvn_asp.cli.terminal import show
    from bvn_asp.output import check_new, write_file
    from bvn_asp.policy.loading import shipped_policy
    from bvn_asp.record.files import case_at
    from bvn_asp.record.writing import plain_content, yaml_text
    from bvn_asp.report.page import Page
    from bvn_asp.report.summary import summary

    check_new(save)
    policy = shipped_policy()
    content = {} if path is None else plain_content(case_at(path))
    talk = _Talk(Interview(policy), content, chosen_readings(policy, reading))
    step = talk.hold()
    say("")
    show(*summary(step.decision, width=Page().width))
    if save is not None:
        write_file(save, yaml_text(talk.content))
        say(f"wrote {save}")


class _Talk:
    """One interview: what is known, and what was asked, each with what was known before."""

    def __init__(self, interview: Any, content: Content, readings: dict[str, str]) -> None:
        self.interview, self.content, self.readings = interview, content, readings
        self.asked: list[tuple[str, Content]] = []

    def hold(self) -> Step:
        """Ask until the case is settled, nothing is left to ask, or the other side stops; return where it stands."""
        if "request" not in self.content and not self._first():
            return self._step()
        say(f"({_HELP})")
        while True:
            step = self._step()
            question = step.question
            if question is None:
                say("Settled." if step.settled else "Nothing is left to ask.")
                return step
            line = self._line(f"{len(self.asked) + 1}. {question.words} ({question.ask}; at most {step.at_most} more)")
            if line is None or line == "stop":
                return step
            self._take(question, line)

    def _step(self) -> Step:
        from bvn_asp.record.files import read_content

        found: Step = self.interview.next(
            read_content(self.content), self.readings, skipped=frozenset(place for place, _ in self.asked)
        )
        return found

    def _first(self) -> bool:
        while True:
            line = self._line("Which bodies are requested, such as L4, L5?")
            if line is None:
                return False
            if not line or self._keep({"request.bodies": _parts(line)}):
                return True

    def _line(self, prompt: str) -> str | None:
        """Return what is answered to `prompt`; None at the end of the input."""
        sys.stdout.write(f"{prompt}: ")
        sys.stdout.flush()
        line = sys.stdin.readline()
        return line.strip() if line else None

    def _take(self, question: Question, line: str) -> None:
        from bvn_asp.analysis.interview.answering import said, takes_words

        if line == "?":
            say(f"  {takes_words(question)}")
        elif line == "back":
            if self.asked:
                _, self.content = self.asked.pop()
        elif line in ("", "unknown"):
            self.asked.append((question.place, self.content))
        else:
            before = self.content
            try:
                stated = said(question, line, self.content)
            except ValueError as error:
                fail(f"  {error}")
                return
            if self._keep(stated):
                self.asked.append((question.place, before))

    def _keep(self, stated: dict[str, Any]) -> bool:
        from bvn_asp.analysis.interview.questions import stating
        from bvn_asp.record.files import read_content

        after = stating(self.content, stated)
        try:
            read_content(after)
        except CaseError as error:
            for problem in error.problems:
                fail(f"  {problem.path}: {problem.message}")
            return False
        self.content = after
        return True


def _parts(line: str) -> list[str]:
    return [part.strip() for part in line.split(",") if part.strip()]
