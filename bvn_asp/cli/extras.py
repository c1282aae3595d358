"""Libraries that only some commands need."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path

from bvn_asp.errors import ExtraError

_MODULES = {
    "batch": ("numpy", "pyarrow"), "sql": ("sqlglot",), "cluster": ("ray",),
    "reports": ("docx", "xlsxwriter"), "web": ("starlette", "uvicorn", "python_multipart"),
}  # fmt: skip


def needs(*extras: str) -> None:
    """Raise ExtraError unless the libraries of `extras` are installed."""
    for extra in extras:
        for module in _MODULES[extra]:
            try:
                importlib.import_module(module)
            except ImportError:
                raise ExtraError(
                    f"this command needs {module}, which is not installed: pip install 'bvn-asp[{extra}]'"
                ) from None


def ready(output: Path, formats: Sequence[str]) -> str:
    """Return the format of the file to write, once its name and what it needs are checked."""
    from bvn_asp.report.paper.files import EXTRA, format_of

    suffix = format_of(output, formats)
    if suffix in EXTRA:
        needs("reports")
    return suffix
