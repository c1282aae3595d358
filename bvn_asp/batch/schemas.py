"""Schemas of tables of cases: which columns and types a table may have, and the plain layout that the kernel reads.

Arrow can lay out the same values in many ways. The kernel reads buffers of one of them, so what is read is validated
in full, and every other layout is decoded, before it looks.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from bvn_asp.batch.columns import schema
from bvn_asp.errors import TableError
from bvn_asp.record.models import MOST_ITEMS
from bvn_asp.record.statements import DECIMALS

FORMATS = (".parquet", ".arrow", ".feather", ".jsonl", ".ndjson", ".csv")
"""Endings of the files that cases can be in, and be written to."""
SMALL_BLOCK = 4096
"""Rows of a block of a file that is read case by case."""
_WIDE = pa.decimal128(38, DECIMALS)
"""Room for every whole number there is."""
_BEYOND = Decimal(10) ** 30
"""Stands for a number that has too many decimal places or digits; no field may be so great, so its row is refused."""
_TOO_MANY = 100
"""Stands for more units than a byte holds; no field may be so great, so its row is refused."""


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
    type = _decoded(type)
    if _is_list(type):
        return f"list of {describe(type.value_type)}"
    if pa.types.is_struct(type):
        return f"struct ({', '.join(f'{field.name} {describe(field.type)}' for field in type)})"
    return f"map of {describe(type.key_type)} to {describe(type.item_type)}" if pa.types.is_map(type) else str(type)


def _decoded(type: pa.DataType) -> pa.DataType:
    """Return the type of the values, whether they are written out, as places in a dictionary, or as runs."""
    while pa.types.is_dictionary(type) or pa.types.is_run_end_encoded(type):
        type = type.value_type
    return type


def _fits(found: pa.DataType, needed: pa.DataType) -> bool:
    """Tell whether `found` can hold what `needed` does without loss: floats never, they are not exact."""
    kind, encoded, found = pa.types, found != _decoded(found), _decoded(found)
    if kind.is_nested(found) and encoded:
        # A short file could then hold more entries than memory.
        fits = False
    elif kind.is_null(found) or found == needed:
        fits = True
    elif kind.is_dictionary(needed) or kind.is_string(needed):
        fits = _is_text(found)
    elif kind.is_decimal(needed):
        fits = kind.is_integer(found) or kind.is_decimal(found)
    elif kind.is_struct(needed):
        names = {field.name for field in needed}
        fits = kind.is_struct(found) and len({field.name for field in found}) == found.num_fields
        fits = fits and all(field.name in names and _fits(field.type, needed.field(field.name).type) for field in found)
    elif kind.is_map(needed):
        fits = kind.is_map(found) and _fits(found.key_type, needed.key_type)
        fits = fits and _fits(found.item_type, needed.item_type)
    elif kind.is_integer(needed):
        fits = kind.is_integer(found)
    else:
        fits = _is_list(needed) and _is_list(found) and _fits(found.value_type, needed.value_type)
    return bool(fits)


def _is_view(type: pa.DataType) -> bool:
    return bool(pa.types.is_list_view(type) or pa.types.is_large_list_view(type))


def _is_list(type: pa.DataType) -> bool:
    kind = pa.types
    return bool(kind.is_list(type) or kind.is_large_list(type) or kind.is_fixed_size_list(type) or _is_view(type))


def _is_text(type: pa.DataType) -> bool:
    return bool(pa.types.is_string(type) or pa.types.is_large_string(type) or pa.types.is_string_view(type))


def validate(batch: Any, name: str) -> None:
    """Raise TableError if anything in the record `batch` lies outside of its buffers, or is no value of its type."""
    try:
        batch.validate(full=True)
    except pa.ArrowException as error:
        raise TableError(f"{name}: damaged: {str(error).splitlines()[0]}") from None


def settled(batch: Any, name: str) -> Any:
    """Return `batch`, which passed `check_schema` and `validate`, in the layout that the kernel reads.

    A number that has no exact place there becomes one that no case may have.
    """
    wanted, arrays = schema(), dict[str, Any]()
    for field, array in zip(batch.schema, batch.columns, strict=True):
        try:
            arrays[field.name] = _plain(array, wanted.field(field.name).type)
        except pa.ArrowException as error:
            raise TableError(
                f"{name}: column {field.name}: cannot be read as {describe(field.type)}: {str(error).splitlines()[0]}"
            ) from None
    return pa.record_batch(arrays) if arrays else batch


def _plain(array: Any, needed: pa.DataType) -> Any:
    """Return the values of `array` without runs, views or other dictionaries than of text; itself if it is so."""
    kind, found, plain = pa.types, array.type, array
    if kind.is_null(found):
        plain = pa.nulls(len(array), needed)
    elif kind.is_run_end_encoded(found):
        ends = np.asarray(array.run_ends)
        runs = np.searchsorted(ends, np.arange(array.offset, array.offset + len(array)), side="right")
        plain = _plain(array.values, needed).take(pa.array(runs))
    elif kind.is_dictionary(found):
        words = array.dictionary
        if not (kind.is_int32(found.index_type) and kind.is_string(found.value_type)) or words.null_count:
            plain = _plain(words, needed).take(array.indices)
    elif kind.is_struct(found):
        plain = _plain_struct(array, needed)
    elif _is_list(found) or kind.is_map(found):
        plain = _plain_list(array, needed)
    elif kind.is_decimal(needed) and found != needed:
        plain = _exact(array)
    elif kind.is_integer(needed) and found != needed:
        plain = _units(array)
    elif _is_text(found) and not kind.is_string(found):
        plain = array.cast(pa.string())
    return plain


def _plain_struct(array: Any, needed: pa.DataType) -> Any:
    fields = [array.field(place) for place in range(array.type.num_fields)]
    plain = [_plain(field, needed.field(name).type) for field, name in zip(fields, array.type.names, strict=True)]
    if all(one is other for one, other in zip(fields, plain, strict=True)):
        return array
    return pa.StructArray.from_arrays(plain, array.type.names, mask=array.is_null())


def _plain_list(array: Any, needed: pa.DataType) -> Any:
    """Return a list or map `array` with 32 bit offsets; casts of Arrow lose items of slices of views."""
    kind = pa.types
    starts, sizes = _extents(array)
    if kind.is_list(needed):
        # Views may share their items, so that few are very many; a list that is too long is refused all the same.
        sizes = np.minimum(sizes, MOST_ITEMS + 1)
    full = sizes > 0
    first = int(starts[full].min()) if full.any() else 0
    last = int((starts + sizes)[full].max()) if full.any() else 0
    values = array.values.slice(first, last - first)
    if kind.is_map(needed):
        # The entries of a map are structs, whatever their two fields are called.
        pair = [values.field(place) for place in range(2)]
        found = [_plain(each, type) for each, type in zip(pair, (needed.key_type, needed.item_type), strict=True)]
        if all(one is other for one, other in zip(pair, found, strict=True)):
            return array
    else:
        found = [_plain(values, needed.value_type)]
        if found[0] is values and array.type == pa.list_(array.type.value_type):
            return array
    ends = np.cumsum(sizes)
    places = np.repeat(starts - first - (ends - sizes), sizes) + np.arange(int(sizes.sum()))
    offsets = pa.array(np.concatenate([[0], ends]).astype(np.int32))
    make = pa.MapArray if kind.is_map(needed) else pa.ListArray
    return make.from_arrays(offsets, *(each.take(pa.array(places)) for each in found), mask=array.is_null())


def _extents(array: Any) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return where the items of each list begin, and how many there are; none behind a null."""
    type, count = array.type, len(array)
    if not count:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    if pa.types.is_fixed_size_list(type):
        sizes = np.full(count, type.list_size, np.int64)
        starts = (np.arange(count, dtype=np.int64) + array.offset) * type.list_size
    else:
        wide = pa.types.is_large_list(type) or pa.types.is_large_list_view(type)
        whole = np.dtype(np.int64 if wide else np.int32)
        buffers, skip = array.buffers(), array.offset * (8 if wide else 4)
        if _is_view(type):
            starts, sizes = (np.frombuffer(buffers[at], whole, count, skip).astype(np.int64) for at in (1, 2))
        else:
            offsets = np.frombuffer(buffers[1], whole, count + 1, skip).astype(np.int64)
            starts, sizes = offsets[:-1], np.diff(offsets)
    return starts, np.where(np.asarray(array.is_valid()), sizes, 0)


def _exact(array: Any) -> Any:
    """Return whole numbers or decimals of any scale as decimals of six places, each exactly or as one beyond all."""
    try:
        return array.cast(_WIDE)
    except pa.ArrowInvalid:
        with localcontext(prec=100):
            return pa.array([_exactly(value) for value in array.to_pylist()], _WIDE)


def _exactly(value: Any) -> Decimal | None:
    if value is None:
        return None
    grains = Decimal(value).scaleb(DECIMALS)
    return Decimal(value) if grains == int(grains) and abs(value) < _BEYOND else _BEYOND


def _units(array: Any) -> Any:
    try:
        return array.cast(pa.int8())
    except pa.ArrowInvalid:
        values = [value if value is None or 0 <= value < _TOO_MANY else _TOO_MANY for value in array.to_pylist()]
        return pa.array(values, pa.int8())


@contextmanager
def parquet_file(path: Path) -> Iterator[Any]:
    """Open a Parquet file."""
    # Arrow takes a path that is not UTF-8 as bytes only.
    with pa.memory_map(os.fsencode(path)) as mapped, pq.ParquetFile(mapped) as file:
        yield file
