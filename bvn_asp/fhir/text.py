"""FHIR resources as JSON text, with every number as it is stated."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

Resource = dict[str, Any]
"""A resource or a part of one, as plain values; its numbers are whole numbers and decimals."""


def json_text(value: Any) -> str:
    """Return `value` as JSON that ends its last line; a decimal keeps all its digits."""
    return _written(value, "\n") + "\n"


def _written(value: Any, line: str) -> str:
    if isinstance(value, dict):
        parts = [f"{json.dumps(key)}: {_written(item, f'{line}  ')}" for key, item in value.items()]
        return _joined("{", parts, "}", line)
    if isinstance(value, list | tuple):
        return _joined("[", [_written(item, f"{line}  ") for item in value], "]", line)
    return f"{value:f}" if isinstance(value, Decimal) else json.dumps(value, ensure_ascii=False)


def _joined(opening: str, parts: list[str], closing: str, line: str) -> str:
    return f"{opening}{line}  " + f",{line}  ".join(parts) + f"{line}{closing}" if parts else f"{opening}{closing}"
