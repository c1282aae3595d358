"""Pages and drawings filled by Jinja: everything is escaped, and a name that is not there is an error."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from bvn_asp.report.safe import safe_lines

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup


def rendered(template: str, **values: object) -> str:
    """Return the template of this name, filled with `values`."""
    return environment(_printed).get_template(template).render(**values)


def drawing(template: str, **values: object) -> Markup:
    """Return the same as a part that another template holds as it is."""
    from markupsafe import Markup

    return Markup(rendered(template, **values))


@cache
def environment(printed: Callable[[Any], Any]) -> Environment:
    """Return what fills templates, values as `printed` has them: whoever wrote one, it only reads what is given."""
    from jinja2 import PackageLoader, StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    return ImmutableSandboxedEnvironment(
        loader=PackageLoader("bvn_asp.report", "templates"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True, finalize=printed,
    )  # fmt: skip


def _printed(value: Any) -> Any:
    """Return what is printed of a value: nothing that would reorder or hide what stands around it."""
    return value if hasattr(value, "__html__") else safe_lines(str(value))
