"""Case files: YAML or JSON text to a `Case`, or a `CaseError` that lists every mistake with its line and field."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic_core import ErrorDetails, ValidationError

from bvn_asp.case import Case
from bvn_asp.errors import CaseError, Problem
from bvn_asp.section import Section

SUFFIXES = (".yaml", ".yml", ".json")
MOST_BYTES = 1_000_000
MOST_DEPTH = 20
MOST_PROBLEMS = 25
"""Most mistakes of one file that are listed."""

Path_ = tuple[str | int, ...]
_Loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER = re.compile(r"[-+]?[0-9]{1,40}")
_DECIMAL = re.compile(r"[-+]?[0-9]{1,40}\.[0-9]{1,40}")
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("yes", "true", "on"), True),
    **dict.fromkeys(("no", "false", "off"), False),
    **dict.fromkeys(("", "~", "null"), None),
}


def load_case(path: str | Path) -> Case:
    """Read the case file at `path`; raise CaseError if it cannot be read or holds a mistake."""
    name = str(path)
    try:
        if Path(path).exists() and not Path(path).is_file() and not Path(path).is_dir():
            raise CaseError(name, [Problem("", "not a regular file; write - for standard input")])
        if Path(path).stat().st_size > MOST_BYTES:
            raise CaseError(
                name, [Problem("", f"larger than {MOST_BYTES:,} bytes, the most that a case file may have")]
            )
        data = Path(path).read_bytes()
    except OSError as error:
        raise CaseError(name, [Problem("", f"cannot be read: {error.strerror or error}")]) from None
    return read_case(data, name, is_json=Path(path).suffix.lower() == ".json")


def read_case(data: bytes | str, name: str = "<case>", *, is_json: bool = False) -> Case:
    """Read a case from the text or bytes of a file called `name`; raise CaseError on any mistake."""
    lines: dict[Path_, int] = {}
    try:
        text = data.decode("utf-8-sig") if isinstance(data, bytes) else data
    except UnicodeDecodeError as error:
        raise CaseError(name, [Problem("", f"not UTF-8 text: byte {error.start} ({error.reason})")]) from None
    if len(text) > MOST_BYTES:
        raise CaseError(name, [Problem("", f"larger than {MOST_BYTES:,} bytes, the most that a case file may have")])
    if not text.strip():
        raise CaseError(name, [Problem("", "the file is empty; `bvn schema` lists what a case holds")])
    problems: list[Problem] = []
    content = _read_json(text, name, problems) if is_json else _read_yaml(text, name, lines, problems)
    if not isinstance(content, dict):
        raise CaseError(name, [Problem("", "expected fields with names, such as `patient:`", 1)])
    try:
        case = Case.model_validate(content)
    except ValidationError as error:
        problems += [problem_of(detail, lines) for detail in error.errors(include_url=False, include_input=False)]
    if problems:
        found = sorted(dict.fromkeys(problems), key=lambda problem: problem.line or 0)
        more = [Problem("", f"{len(found) - MOST_PROBLEMS} more mistakes")] if len(found) > MOST_PROBLEMS else []
        raise CaseError(name, found[:MOST_PROBLEMS] + more)
    return case


def _read_json(text: str, name: str, problems: list[Problem]) -> Any:
    import json

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        for key in {key for index, (key, _) in enumerate(items) if key in dict(items[:index])}:
            problems.append(Problem(key, "the field is given twice"))
        return dict(items)

    def refuse(constant: str) -> Any:
        raise CaseError(name, [Problem("", f"{constant} is not a number; leave out what is unknown")])

    try:
        return json.loads(
            text, object_pairs_hook=pairs, parse_float=Decimal, parse_int=_json_integer, parse_constant=refuse
        )
    except json.JSONDecodeError as error:
        raise CaseError(name, [Problem("", f"not JSON: {error.msg}, column {error.colno}", error.lineno)]) from None
    except RecursionError:
        raise CaseError(name, [Problem("", "nested too deeply")]) from None


def _json_integer(text: str) -> int | str:
    return int(text) if len(text) <= 40 else text


def _read_yaml(text: str, name: str, lines: dict[Path_, int], problems: list[Problem]) -> Any:
    try:
        _refuse_constructs(text, name)
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark: Any = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark is not None else None
        raise CaseError(name, [Problem("", f"not YAML: {error.problem or error.context}", line)]) from None
    except yaml.YAMLError as error:
        raise CaseError(name, [Problem("", f"not YAML: {str(error).splitlines()[0]}")]) from None
    return _value(node, (), lines, problems)


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
            raise CaseError(name, [Problem("", "expected one case for each file, without ---", line)])


def _value(node: Any, path: Path_, lines: dict[Path_, int], problems: list[Problem]) -> Any:
    lines[path] = node.start_mark.line + 1
    if isinstance(node, yaml.ScalarNode):
        return _scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, (*path, index), lines, problems) for index, item in enumerate(node.value)]
    content: dict[str, Any] = {}
    for key, item in node.value:
        field, line = (*path, str(key.value)), key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            problems.append(Problem(_dotted(path), "expected a plain field name", line))
        elif key.value in content:
            problems.append(Problem(_dotted(field), f"the field is given twice, first on line {lines[field]}", line))
        else:
            content[key.value] = _value(item, field, lines, problems)
            lines[field] = line
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


def problem_of(detail: ErrorDetails, lines: dict[Path_, int]) -> Problem:
    """Return one mistake of a case in plain words."""
    path: Path_ = detail["loc"]
    message = detail["msg"].removeprefix("Value error, ")
    if not path:
        # A conflict between fields begins with the first of them.
        first = re.match(r"[a-z_]+", message)
        return Problem("", message, lines.get((first[0],)) if first else None)
    if detail["type"] == "extra_forbidden":
        message = "there is no such field" + _suggestion(str(path[-1]), _names_at(path[:-1]))
    elif detail["type"] == "literal_error":
        choices = [part.strip("' ") for part in re.split(r", | or ", detail["ctx"]["expected"])]
        message = f"expected {', '.join(choices)} or unknown"
    elif detail["type"] in ("model_type", "model_attributes_type", "dict_type"):
        message = "expected fields with names, one to a line"
    elif detail["type"] == "missing":
        message = "the field is missing"
    elif detail["type"] == "string_type":
        message = "expected text"
    line = next((lines[path[:end]] for end in range(len(path), -1, -1) if path[:end] in lines), None)
    return Problem(_dotted(path), message, line)


def _names_at(path: Path_) -> list[str]:
    """Return the field names that the case allows at `path`."""
    model: Any = Case
    for step in path:
        if isinstance(step, int):
            continue
        field = model.model_fields.get(step) if isinstance(model, type) and issubclass(model, Section) else None
        if field is None:
            return []
        model = next(_models(field.annotation), None)
    return list(model.model_fields) if model is not None else []


def _models(annotation: Any) -> Iterator[type[Section]]:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)


def _suggestion(name: str, names: list[str]) -> str:
    import difflib

    close = difflib.get_close_matches(name, names, n=1)
    if close:
        return f"; did you mean {close[0]}?"
    return f"; fields here: {', '.join(names)}" if names else ""


def _dotted(path: Path_) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")


def case_files(paths: list[Path]) -> Iterator[Path]:
    """Yield the files among `paths` and the case files in the folders among them, sorted; `-` is standard input.

    Hidden files and folders are passed over, unless they are named.
    """
    for path in paths:
        if path.is_dir():
            found = (item for item in path.rglob("*") if item.suffix.lower() in SUFFIXES and item.is_file())
            yield from sorted(i for i in found if not any(part.startswith(".") for part in i.relative_to(path).parts))
        else:
            yield path


def load_path(path: Path) -> Case:
    """Load the case at `path`, or from standard input if it is `-`."""
    if str(path) != "-":
        return load_case(path)
    return read_case(sys.stdin.buffer.read(MOST_BYTES + 1), "<standard input>")
