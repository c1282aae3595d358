"""Sections: strict, frozen records of named fields, each field optional unless it has no default.

They are built on the validator that pydantic builds its models on, for a start takes half as long without pydantic
itself. The few methods that they share with its models behave alike.
"""

# Annotations are read when a class is made: a postponed one would have to be compiled for each field of each start.

import types
from collections.abc import Callable, Iterable
from functools import cache
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, Self, Union, get_args, get_origin

from pydantic_core import CoreSchema, SchemaSerializer, SchemaValidator, core_schema

UNKNOWN = "unknown"
"""What a file can write for everything that it does not state; empty means the same."""

Json = dict[str, Any]


class Kind(NamedTuple):
    """What a field accepts: a check that makes its value or raises ValueError, and its JSON Schema.

    With `inner`, the check only prepares what the type of the annotation then validates, and is described by it.
    """

    check: Callable[[Any], Any]
    json_schema: Json
    inner: bool = False


class Field(NamedTuple):
    """A field of a section: its type, what it is checked with, its meaning, and its default unless it is required."""

    annotation: Any = None
    kind: Kind | None = None
    description: str = ""
    default: Callable[[], Any] | None = None


def described(description: str, default: Any = None) -> Any:
    """Return the default of a field together with its meaning."""
    return Field(description=description, default=_giving(default))


def _giving(default: Any) -> Callable[[], Any]:
    """Return what makes the default anew where it can be changed."""
    return (lambda: dict(default)) if isinstance(default, dict) else lambda: default


class Section:
    """Part of a case file: strict, frozen, and without fields of other names."""

    __slots__ = ("__dict__", "__pydantic_extra__", "__pydantic_fields_set__", "__pydantic_private__")
    __pydantic_fields_set__: set[str]
    model_fields: ClassVar[dict[str, Field]] = {}
    _validator: ClassVar[Callable[[], SchemaValidator]]
    _serializer: ClassVar[Callable[[], SchemaSerializer]]

    def __init_subclass__(cls) -> None:
        fields = dict(cls.model_fields)
        for name, annotation in vars(cls).get("__annotations__", {}).items():
            fields[name] = _field(annotation, *([vars(cls)[name]] if name in vars(cls) else []))
            if name in vars(cls):
                delattr(cls, name)
        cls.model_fields = fields
        cls._validator = cache(lambda: SchemaValidator(_section_schema(cls)))
        cls._serializer = cache(lambda: SchemaSerializer(_section_schema(cls)))

    def __init__(self, **content: Any) -> None:
        type(self)._validator().validate_python(content, self_instance=self)

    @classmethod
    def model_validate(cls, content: Any) -> Self:
        """Return the section that `content` describes; raise ValidationError with every mistake."""
        found: Self = cls._validator().validate_python(content)
        return found

    @classmethod
    def blank(cls) -> Self:
        """Return the section that states nothing."""
        section = cls.__new__(cls)
        section.__setstate__(
            ({name: field.default() for name, field in cls.model_fields.items() if field.default}, set())
        )
        return section

    @classmethod
    def prepare(cls, content: Any) -> Any:
        """Return `content` as fields by name; nothing stated is a section without any."""
        return {} if content is None or content == UNKNOWN else content

    def conflicts(self) -> Iterable[str]:
        """Return what is wrong between fields that are each right."""
        return ()

    def model_dump(self, **options: Any) -> Json:
        """Return the fields by name; the options are those of pydantic, such as `mode` and `exclude`."""
        dumped: Json = type(self)._serializer().to_python(self, **options)
        return dumped

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen")

    __delattr__ = None  # type: ignore[assignment]

    def __getstate__(self) -> tuple[Json, set[str]]:
        return self.__dict__, self.__pydantic_fields_set__

    def __setstate__(self, state: tuple[Json, set[str]]) -> None:
        names = ("__dict__", "__pydantic_fields_set__", "__pydantic_extra__", "__pydantic_private__")
        for name, value in zip(names, (*state, None, None), strict=True):
            object.__setattr__(self, name, value)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.__dict__ == other.__dict__

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.__dict__.items())})"


def _field(annotation: Any, default: Any = ...) -> Field:
    field = default if isinstance(default, Field) else Field(default=None if default is ... else _giving(default))
    if get_origin(annotation) is Annotated:
        annotation, kind = get_args(annotation)
        return field._replace(annotation=annotation, kind=kind)
    return field._replace(annotation=annotation)


def _section_schema(section: type[Section]) -> CoreSchema:
    fields = {name: core_schema.model_field(_field_schema(field)) for name, field in section.model_fields.items()}
    schema: CoreSchema = core_schema.model_schema(
        section,
        core_schema.model_fields_schema(fields, model_name=section.__name__),
        frozen=True,
        config=core_schema.CoreConfig(title=section.__name__, extra_fields_behavior="forbid", strict=True),
    )
    if section.conflicts is not Section.conflicts:
        schema = core_schema.no_info_after_validator_function(_without_conflicts, schema)
    return core_schema.no_info_before_validator_function(section.prepare, schema)


def _without_conflicts(section: Section) -> Section:
    for problem in section.conflicts():
        raise ValueError(problem)
    return section


def _field_schema(field: Field) -> CoreSchema:
    if field.kind is None:
        schema = _type_schema(field.annotation)
    elif field.kind.inner:
        schema = core_schema.no_info_before_validator_function(field.kind.check, _type_schema(field.annotation))
    else:
        schema = core_schema.no_info_plain_validator_function(field.kind.check)
    return schema if field.default is None else core_schema.with_default_schema(schema, default_factory=field.default)


def _type_schema(annotation: Any) -> CoreSchema:
    """Return the schema of the few types that fields have."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _field_schema(_field(annotation))
    if origin in (Union, types.UnionType):
        return core_schema.nullable_schema(_type_schema(arguments[0]))
    if origin is tuple:
        return core_schema.tuple_variable_schema(_type_schema(arguments[0]))
    if origin is dict:
        return core_schema.dict_schema(core_schema.str_schema(), _type_schema(arguments[1]))
    if origin is Literal:
        return core_schema.literal_schema(list(arguments))
    return _section_schema(annotation) if issubclass(annotation, Section) else _PLAIN[annotation]


_PLAIN: dict[type, CoreSchema] = {
    str: core_schema.str_schema(),
    bool: core_schema.bool_schema(),
    int: core_schema.int_schema(),
}
