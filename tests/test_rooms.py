"""The rooms of the package: a room imports only rooms above it, and no imports go in a circle."""

import ast
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "bvn_asp"
ROOMS = ("record", "policy", "decision", "analysis", "batch", "report", "reviews", "fhir", "web", "cli")
"""From the top down."""
MOST_FLOORS = 12
EVERYWHERE = {"bvn_asp", "bvn_asp.errors", "bvn_asp.output"}
"""Modules of no room, which every room may import."""


@cache
def modules() -> dict[str, Path]:
    """Return the modules of the package by name."""
    found = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(path: Path, *, late: bool) -> Iterator[str]:
    """Yield the modules of the package that the module at `path` imports; with `late`, inside functions too."""
    known = modules()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree) if late else early(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("bvn_asp"):
            for name in node.names:
                inner = f"{node.module}.{name.name}"
                yield inner if inner in known else node.module
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names if name.name in known)


def early(tree: ast.Module) -> Iterator[ast.stmt]:
    """Yield the statements that run when a module is imported."""
    for node in tree.body:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        yield node


def room_of(module: str) -> int | None:
    """Return the place of a module's room, None if it is in no room."""
    name = module.split(".")[1] if "." in module else ""
    return ROOMS.index(name) if name in ROOMS else None


def test_a_room_imports_only_rooms_above_it() -> None:
    upward = [
        f"{module} imports {other}"
        for module, path in modules().items()
        for other in imports(path, late=True)
        if other not in EVERYWHERE
        and room_of(module) is not None
        and room_of(other) is not None
        and (room_of(other) or 0) > (room_of(module) or 0)
    ]
    assert upward == []


def test_imports_go_in_no_circle_and_stand_on_few_floors() -> None:
    needs = {module: set(imports(path, late=False)) - {module, "bvn_asp"} for module, path in modules().items()}
    del needs["bvn_asp"]
    floors: dict[str, int] = {}
    for module in TopologicalSorter(needs).static_order():
        floors[module] = 1 + max((floors.get(other, 0) for other in needs.get(module, ())), default=0)
    highest = max(floors.values())
    assert highest <= MOST_FLOORS, sorted(module for module, floor in floors.items() if floor == highest)
