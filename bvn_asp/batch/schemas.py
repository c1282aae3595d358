"""Schemas of tables of cases: which columns and types a table may have, and the types that the kernel reads."""

from __future__ import annotations

import difflib
from typing import Any

import pyarrow as pa

from bvn_asp.batch.columns import schema
from bvn_asp.errors import TableError
from bvn_asp.fields import DECIMALS


def check_schema(found: pa.Schema, name: str) -> None:
    """Raise TableError for a column that is no field of a case, or of a type that cannot hold its field.

    A column that is not there is unknown in every row.
    """
    wanted = schema()
    for field in found:
        if found.names.count(field.name) > 1:
            raise TableError(f"{name}: column {field.name}: given twice")
        if field.name not in wanted.names:
            close = difflib.get_close_matches(field.name, wanted.names, n=1)
            hint = f"did you mean {close[0]}?" if close else "`bvn export --columns` lists the columns"
            raise TableError(f"{name}: column {field.name}: there is no such field of a case; {hint}")
        needed = wanted.field(field.name).type
        if not _fits(field.type, needed):
            raise TableError(f"{name}: column {field.name}: expected {describe(needed)}, found {describe(field.type)}")


def describe(type: pa.DataType) -> str:
    """Return the name of an Arrow type without its bookkeeping."""
    if pa.types.is_dictionary(type):
        return describe(type.value_type)
    if _is_list(type):
        return f"list of {describe(type.value_type)}"
    if pa.types.is_struct(type):
        return f"struct ({', '.join(f'{field.name} {describe(field.type)}' for field in type)})"
    return f"map of {type.key_type} to {type.item_type}" if pa.types.is_map(type) else str(type)


def _fits(found: pa.DataType, needed: pa.DataType) -> bool:
    """Tell whether `found` can be read as `needed` without loss: floats never, they are not exact."""
    kind = pa.types
    found = found.value_type if kind.is_dictionary(found) else found
    if kind.is_null(found) or found == needed:
        fits = True
    elif kind.is_dictionary(needed) or kind.is_string(needed):
        fits = _is_text(found)
    elif kind.is_decimal(needed):
        fits = kind.is_integer(found) or (kind.is_decimal(found) and 0 <= found.scale <= DECIMALS)
    elif kind.is_struct(needed):
        names = {field.name for field in needed}
        fits = kind.is_struct(found) and all(
            field.name in names and _fits(field.type, needed.field(field.name).type) for field in found
        )
    elif kind.is_map(needed):
        fits = kind.is_map(found) and kind.is_integer(found.item_type)
    else:
        fits = _is_list(needed) and _is_list(found) and _fits(found.value_type, needed.value_type)
    return bool(fits)


def _is_list(type: pa.DataType) -> bool:
    return bool(pa.types.is_list(type) or pa.types.is_large_list(type))


def _is_text(type: pa.DataType) -> bool:
    return bool(pa.types.is_string(type) or pa.types.is_large_string(type) or pa.types.is_string_view(type))


def settled(batch: Any, name: str) -> Any:
    """Return the record `batch`, which passed `check_schema`, with the types that the kernel reads."""
    wanted, arrays = schema(), dict[str, Any]()
    for field, array in zip(batch.schema, batch.columns, strict=True):
        target = _settled_type(field.type, wanted.field(field.name).type)
        try:
            arrays[field.name] = array if target == field.type else array.cast(target)
        except pa.ArrowException as error:
            raise TableError(f"{name}: column {field.name}: {str(error).splitlines()[0]}") from None
    return pa.record_batch(arrays)


def _settled_type(found: pa.DataType, needed: pa.DataType) -> pa.DataType:
    if pa.types.is_null(found):
        return needed
    if pa.types.is_dictionary(found) or _is_text(found):
        return found if pa.types.is_dictionary(found) and _is_text(found.value_type) else pa.string()
    if pa.types.is_struct(found) and pa.types.is_struct(needed):
        return pa.struct([(field.name, _settled_type(field.type, needed.field(field.name).type)) for field in found])
    if _is_list(found):
        return pa.list_(_settled_type(found.value_type, needed.value_type))
    # Room for every whole number there is; what is too great for a case is found row by row.
    return pa.decimal128(38, DECIMALS) if pa.types.is_decimal(needed) and found != needed else needed
