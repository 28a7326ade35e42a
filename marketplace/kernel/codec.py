"""Frozen dataclasses to JSON values and back, and the one canonical byte form that is hashed and signed."""

import hashlib
import json
from typing import Any, TypeVar

import orjson
from pydantic import Field, TypeAdapter

T = TypeVar("T")


def _nothing(value: object) -> bool:
    return not value


IF_STATED: Any = Field(exclude_if=_nothing)
"""Annotates a field that came later: ``dump`` leaves it out while it says nothing, so that what was hashed and signed
before there was such a field keeps its bytes."""


_adapters: dict[Any, TypeAdapter[Any]] = {}


def _adapter(kind: Any) -> TypeAdapter[Any]:
    """Return the adapter of a type; building one takes milliseconds, so each is kept."""
    adapter = _adapters.get(kind)
    if adapter is None:
        adapter = _adapters[kind] = TypeAdapter(kind)
    return adapter


def dump(value: object) -> Any:
    """Return ``value`` (dataclass, tuple, enum, Decimal, datetime …) as JSON values; Decimals become strings."""
    return _adapter(type(value)).dump_python(value, mode="json")


def load(kind: type[T], document: Any) -> T:
    """Return the ``kind`` that ``dump`` turned into ``document``. Raises ValidationError if it is not one."""
    value: T = _adapter(kind).validate_python(document)
    return value


def load_json(kind: type[T], text: str | bytes) -> T:
    """Return the ``kind`` that ``dump`` turned into the JSON ``text``, parsed straight: for the bulk of a table.

    Raises ValidationError if it is not one.
    """
    value: T = _adapter(kind).validate_json(text)
    return value


def canonical(document: Any) -> bytes:
    """Return the one byte form of a JSON document: sorted keys, no spaces, UTF-8, no floats (after RFC 8785).

    Raises TypeError for a float: a number that is hashed is an integer or a string.
    """
    _refuse_floats(document)
    return plain(document)


def packed(value: object) -> bytes:
    """Return ``canonical(dump(value))`` of a dataclass whose fields, all the way down, are declared and no floats."""
    return plain(dump(value))


def plain(document: Any) -> bytes:
    """Return ``canonical(document)`` of a document that was just made, and not of floats: no look at every value."""
    try:
        return orjson.dumps(document, option=_STRICT)
    except orjson.JSONEncodeError:  # an integer beyond 64 bits: the same bytes, slower
        return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


_STRICT = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME


def parse(data: bytes) -> Any:
    """Return the JSON document of ``canonical`` bytes."""
    return json.loads(data)


def digest(document: Any) -> str:
    """Return the SHA-256 of the canonical form, in hexadecimal."""
    return hashlib.sha256(canonical(document)).hexdigest()


def _refuse_floats(document: Any) -> None:
    """Raise TypeError if there is a float anywhere. Every event and receipt passes here: it costs microseconds."""
    waiting = [document]
    while waiting:
        value = waiting.pop()
        kind = type(value)
        if kind is str or kind is int or value is None:
            continue
        if isinstance(value, dict):
            waiting.extend(value.values())
        elif isinstance(value, (list, tuple)):
            waiting.extend(value)
        elif isinstance(value, float):
            raise TypeError(f"{value!r} is a float: write integers or decimal strings")
