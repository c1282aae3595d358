"""YAML text: exact values, and where in the text each of them stands; without what could build more than is written."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import yaml

from bvn_asp.errors import CaseError, Problem
from bvn_asp.record.bases import MOST_DEPTH, Path_, Places, dotted

EMPTY = "the file is empty; `bvn schema` lists what a case holds"
"""What is said of a file without content."""
_Loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER = re.compile(r"[-+]?[0-9]{1,40}")
_DECIMAL = re.compile(r"[-+]?[0-9]{1,40}\.[0-9]{1,40}")
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("yes", "true", "on"), True),
    **dict.fromkeys(("no", "false", "off"), False),
    **dict.fromkeys(("", "~", "null"), None),
}


def read_yaml(text: str, name: str) -> tuple[Any, list[Problem], Callable[[], Places]]:
    """Return what a text holds, what is given twice, and where everything stands; raise CaseError if it is no YAML."""
    lines: dict[Path_, tuple[int, ...]] = {}
    problems: list[Problem] = []
    try:
        _refuse_constructs(text, name)
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark: Any = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark is not None else None
        words = f"not YAML: {error.problem or error.context}{_tab(text, line)}"
        raise CaseError(name, [Problem("", words, line)]) from None
    except yaml.YAMLError as error:
        raise CaseError(name, [Problem("", f"not YAML: {str(error).splitlines()[0]}")]) from None
    if node is None:
        raise CaseError(name, [Problem("", EMPTY)])
    return _value(node, (), lines, problems), problems, lambda: lines


def _tab(text: str, line: int | None) -> str:
    """Return a hint if the `line` that is no YAML is indented with a tab."""
    lines = re.split(r"\r\n|[\r\n\x85\u2028\u2029]", text)
    indented = line is not None and line <= len(lines) and re.match(r" *\t", lines[line - 1])
    return "; the line begins with a tab: indent with spaces" if indented else ""


def _refuse_constructs(text: str, name: str) -> None:
    """Refuse aliases, anchors, tags, several documents and deep nesting, before anything is built from them."""
    depth = documents = 0
    for event in yaml.parse(text, Loader=_Loader):
        mark: Any = event.start_mark
        line = mark.line + 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise CaseError(
                name, [Problem("", "anchors and aliases (& and *) are not allowed; write the value out", line)]
            )
        if getattr(event, "tag", None) is not None:
            raise CaseError(name, [Problem("", "tags (!) are not allowed; write the plain value", line)])
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        documents += isinstance(event, yaml.DocumentStartEvent)
        if depth > MOST_DEPTH:
            raise CaseError(name, [Problem("", "nested too deeply", line)])
        if documents > 1:
            raise CaseError(name, [Problem("", "expected one file without ---; several cases go under `cases:`", line)])


def _value(node: Any, path: Path_, lines: dict[Path_, tuple[int, ...]], problems: list[Problem]) -> Any:
    lines[path] = (node.start_mark.line + 1,)
    if isinstance(node, yaml.ScalarNode):
        return _scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, (*path, index), lines, problems) for index, item in enumerate(node.value)]
    content: dict[str, Any] = {}
    for key, item in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            problems.append(Problem(dotted(path), "expected a plain field name", line))
            continue
        field = (*path, key.value)
        if key.value in content:
            first = lines[field][0]
            problems.append(Problem(dotted(field), f"the field is given twice, first on line {first}", line))
        else:
            content[key.value] = _value(item, field, lines, problems)
            lines[field] = (line,)
    return content


def _scalar(node: Any) -> Any:
    """Read a plain word as yes or no, unknown, or an exact number; everything else, and all quoted text, is text."""
    text: str = node.value
    if node.style in ("'", '"', "|", ">"):
        return text
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if _INTEGER.fullmatch(text):
        return int(text)
    return Decimal(text) if _DECIMAL.fullmatch(text) else text
