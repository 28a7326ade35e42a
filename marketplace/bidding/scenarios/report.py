"""What a played scenario says to machines: plain JSON values under documented names."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from marketplace.bidding.scenarios.result import Played, Result, Told, seen

_NOT_SHOWN = ("lot_id", "rules_hash", "own")
"""What of a bidder's view stands elsewhere in the result."""


def document(result: Result) -> dict[str, Any]:
    """Return the result as JSON values: amounts as strings, times in RFC 3339; ``docs/scenarios.md`` explains it."""
    return {
        "title": result.title,
        "as_expected": not result.mismatches,
        "mismatches": plain(result.mismatches),
        "warnings": plain(result.warnings),
        "steps": [_step(played) for played in result.steps],
        "after": [_event(told) for told in result.after],
        "lots": [_without(plain(lot), "mismatches") for lot in result.lots],
    }


def _step(played: Played) -> dict[str, Any]:
    return {
        "number": played.number,
        "at": played.at.isoformat(),
        "lot": played.lot,
        "do": played.step.do,
        "by": getattr(played.step, "by", None),
        "answer": played.answer,
        "refusal": plain(played.refusal),
        "preview": None if played.preview is None else _view(seen(played.preview)),
        "events": [_event(told) for told in played.events],
        "views": {name: _view(seen(view)) for name, view in played.views.items()},
        "buyer": _without(plain(played.buyer), "lot_id", "rules_hash"),
    }


def _view(shown: Mapping[str, Any]) -> dict[str, Any]:
    return _without(plain(shown), *_NOT_SHOWN)


def _event(told: Told) -> dict[str, Any]:
    return {"lot": told.lot, "type": told.event.type, **plain(told.event)}


def _without(document: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in names}


def plain(value: Any) -> Any:
    """Return ``value`` (dataclass, named tuple, tuple, Decimal, instant …) as JSON values, every field by its name."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime | date):
        return value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        value = value._asdict()
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, tuple | list) else value
