"""The pydantic models of a case, made from the field table: a section a model, a field a `Said`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    create_model,
    model_validator,
)
from pydantic_core import CoreSchema, core_schema

from bvn_asp.errors import refused
from bvn_asp.record.documents import plain_of, said
from bvn_asp.record.field import Field as Row
from bvn_asp.record.forms import MOST_ITEMS, UNSTATED, Json, change_of, reader, schema_of
from bvn_asp.record.statements import NONE, UNKNOWN, Said
from bvn_asp.record.table import SECTIONS, TABLE

__all__ = ["MOST_ITEMS", "NONE", "Section", "Treatment", "reader", "schema_of", "section_model"]


class Section(BaseModel):
    """A part of a case: frozen, and strict about its fields."""

    # A section is built with the case that has it.
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, defer_build=True)

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

    def __reduce__(self) -> Any:
        path = _PATHS.get(type(self))
        return super().__reduce__() if path is None else (_restored, (path, self.__getstate__()))


_PATHS: dict[type[Section], str] = {}
"""The path of every model that was made from the table: it is pickled by that, since it has no name in a module."""


def _restored(path: str, state: dict[Any, Any]) -> Section:
    model = section_model(path)
    section = model.__new__(model)
    section.__setstate__(state)
    return section


class Part(Section):
    """A section that stands once; left empty or written as `unknown`, it leaves every field of it open."""

    @model_validator(mode="before")
    @classmethod
    def _opened(cls, content: Any) -> Any:
        return dict.fromkeys(cls.model_fields) if _is_open(content) else content

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> Json:
        fields = handler.resolve_ref_schema(handler(schema))
        return {"anyOf": [fields, *UNSTATED]}


class Treatment(Section):
    """One conservative treatment; a bare word stands for its status."""

    @model_validator(mode="before")
    @classmethod
    def _from_word(cls, content: Any) -> Any:
        # So does one with its documents.
        bare = content is None or isinstance(content, str | list) or (isinstance(content, dict) and "value" in content)
        return {"status": content} if bare else content

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> Json:
        fields = handler.resolve_ref_schema(handler(schema))
        return {"anyOf": [fields, *fields["properties"]["status"]["anyOf"]]}


def _is_open(content: Any) -> bool:
    return content is None or (isinstance(content, str) and content.strip().lower() == UNKNOWN)


class _Leaf:
    """How pydantic reads and writes one field; said to it directly, since a start has no time to inspect functions."""

    def __init__(self, row: Row) -> None:
        self.row, self.read = row, reader(row)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            self.said, serialization=core_schema.plain_serializer_function_ser_schema(self.written)
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> Json:
        return schema_of(self.row)

    def said(self, value: Any) -> Said | None:
        if isinstance(value, list) and not value:
            return None
        if self.row.form == "units" and isinstance(value, dict) and all(count is None for count in value.values()):
            return None
        return Said() if value is None else said(self.read, value, units=self.row.form == "units")

    def written(self, statement: Said | None) -> Any:
        if statement is None:
            # An empty list says nothing, where an empty field is read as open.
            return []
        value = statement.value
        if self.row.form == "units" and isinstance(value, tuple):
            return {code: int(count) for code, count in (item.split(": ") for item in value)}
        return plain_of(statement, listed=self.row.form in ("levels", "bodies", "names"))


class _Entries:
    """How pydantic reads and writes a list of entries, around the list itself; it may be none, and it may be open."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_wrap_validator_function(
            self.read, handler(source),
            serialization=core_schema.wrap_serializer_function_ser_schema(self.written, schema=handler(source)),
        )  # fmt: skip

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> Json:
        whole = handler(schema)
        change = change_of(whole["items"])
        return {"anyOf": [{**whole, "maxItems": MOST_ITEMS}, change, {"const": NONE}, *UNSTATED]}

    def read(self, value: Any, handler: Callable[[Any], Any]) -> Any:
        if isinstance(value, str) and value.strip().lower() == NONE:
            return ()
        if _is_open(value):
            return Said()
        if not isinstance(value, list | tuple):
            raise ValueError(f"expected a list of entries, or none{refused(value)}")
        if len(value) > MOST_ITEMS:
            raise ValueError(f"expected at most {MOST_ITEMS} entries, not {len(value)}")
        return handler(list(value)) if value else None

    def written(self, entries: Any, handler: Callable[[Any], Any]) -> Any:
        if isinstance(entries, Said):
            return UNKNOWN
        return NONE if entries == () else handler(entries) if entries else []


@cache
def section_model(path: str) -> type[Section]:
    """Return the model of the section at `path`, or of the entries of the list there.

    Treatments with the same fields share the model of the first of them.
    """
    alike = _alike().get(path, path)
    if alike != path:
        return section_model(alike)
    children: dict[str, Any] = {}
    for row in _children(path):
        if row.is_list:
            entries = Annotated[tuple[section_model(row.path), ...], _Entries()]  # type: ignore[misc, valid-type]
            children[row.name] = (entries, Field(default=None, description=row.note))
        else:
            children[row.name] = (Annotated[Said | None, _Leaf(row)], Field(default=None, description=row.note or None))
    for section in _subsections(path):
        model = section_model(section)
        name = section.rpartition(".")[2]
        children[name] = (model, Field(default_factory=model, description=SECTIONS.get(section)))
    once = Section if not path or path.endswith("[]") else Part
    base = Treatment if path in _alike() else once
    title = "".join(part.title() for part in path.replace("[]", "_entry").replace(".", "_").split("_"))
    model = create_model(title or "Record", __base__=base, **children)
    model.__doc__ = SECTIONS.get(path, "")
    _PATHS[model] = path
    return model


@cache
def _alike() -> dict[str, str]:
    """Return the section of every treatment, with the first treatment that has the same fields."""
    first: dict[tuple[str, ...], str] = {}
    treatments = [row.section for row in TABLE.fields if row.path.endswith(".status")]
    return {path: first.setdefault(tuple(row.name for row in _children(path)), path) for path in treatments}


@cache
def _rows() -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in TABLE.fields:
        found.setdefault(row.section, []).append(row)
    return found


def _children(path: str) -> Iterable[Row]:
    return _rows().get(path, ())


def _subsections(path: str) -> list[str]:
    """Return the sections that stand directly in the section at `path`, in the order of the table."""
    depth = path.count(".") + 1 if path else 0
    found = dict.fromkeys(
        ".".join(row.section.split(".")[: depth + 1])
        for row in TABLE.fields
        if row.section and (not path or row.section.startswith(f"{path}.")) and "[]" not in row.section
    )
    return [section for section in found if section and section != path]
