"""The manual: short topics, each a Markdown file of this folder whose first line is its title."""

from __future__ import annotations

from importlib.resources import files

ORDER = (
    "start", "deciding", "sending", "workbench", "reviews", "cases", "readings", "finding", "audit", "atlas", "whatif",
    "diff", "policy", "tables", "batch", "impact", "sql", "fhir", "claims", "python", "development",
)  # fmt: skip
"""The topics in the order in which they are listed."""


def topics() -> dict[str, str]:
    """Return the title of each topic by its name."""
    return {name: topic_text(name).partition("\n")[0].removeprefix("# ") for name in ORDER}


def topic_text(name: str) -> str:
    """Return a topic in Markdown; raise KeyError if there is none of this name."""
    if name not in ORDER:
        raise KeyError(name)
    return files(__name__).joinpath(f"{name}.md").read_text(encoding="utf-8")
