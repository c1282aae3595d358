"""A case as the text of a file that reads back as the same case."""

from __future__ import annotations

import json
import re
from typing import Any

import yaml

from bvn_asp.record.case import Case

_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,30})?")
_WORDS = ("yes", "true", "on", "no", "false", "off", "", "~", "null")
"""Plain words that are read as something else than text, in capitals or not."""


class _Number(str):
    """A number, written as it is."""


class _Dumper(yaml.SafeDumper):
    """Writes yes and no for answers, and numbers as they are."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"' if text.lower() in _WORDS else None)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(bool, lambda d, v: d.represent_scalar("tag:yaml.org,2002:bool", "yes" if v else "no"))
_Dumper.add_representer(
    _Number, lambda d, v: d.represent_scalar(f"tag:yaml.org,2002:{'float' if '.' in v else 'int'}", v)
)


def plain_content(case: Case) -> dict[str, Any]:
    """Return what `case` states as plain values, without what it leaves out and the answers it expects."""
    content = case.model_dump(mode="json", exclude_unset=True, exclude={"expected"})
    found = _without_empty(content)
    assert isinstance(found, dict)
    return found


def yaml_text(content: dict[str, Any]) -> str:
    """Return `content` as YAML."""
    if not content:
        return "{}\n"
    return yaml.dump(_numbers(content), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110, indent=2)


def json_text(content: dict[str, Any]) -> str:
    """Return `content` as JSON."""
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _without_empty(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {key: _without_empty(item) for key, item in value.items()}
        return {key: item for key, item in kept.items() if item not in (None, {}, [])}
    # An empty entry of a list says that there is one.
    return [_without_empty(item) for item in value] if isinstance(value, list) else value


def _numbers(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_numbers(item) for item in value]
    return _Number(value) if isinstance(value, str) and _NUMBER.fullmatch(value) else value
