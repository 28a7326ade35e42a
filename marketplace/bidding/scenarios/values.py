"""The values of which a scenario file is made: money, figures and times as people write them by hand."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

Moment: TypeAlias = datetime | timedelta
"""An instant, or a time from the scenario's start."""

_FIGURE = re.compile(r"[+-]?\d{1,20}(\.\d{1,12})?")
_UNITS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_SPAN = re.compile(r"\+?(?:(\d{1,5})d)?(?:(\d{1,6})h)?(?:(\d{1,7})m)?(?:(\d{1,9}(?:\.\d{1,6})?)s)?")
_LONGEST = timedelta(days=36_600)

FIGURE_SCHEMA = {"type": ["string", "integer"], "examples": ["100.10", 100]}
MOMENT_SCHEMA = {"type": ["string", "integer"], "examples": ["+90s", "+5m", "+1h30m", 90, "2026-03-02T09:30:00Z"]}
SECONDS_SCHEMA = {"type": ["string", "integer"], "examples": [120, "2m"]}


class ScenarioModel(BaseModel):
    """Base of all parts of a scenario: a field that the schema doesn't know is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _problem(message: str) -> PydanticCustomError:
    return PydanticCustomError("scenario", "{message}", {"message": message})


def _figure(given: Any) -> Decimal:
    if isinstance(given, Decimal):
        return given
    if isinstance(given, float):
        raise _problem(f'{given!r} is a JSON float, which can\'t hold money exactly: write it as a string, "{given}"')
    if isinstance(given, bool) or not isinstance(given, int | str):
        raise _problem('write an amount as a string, such as "100.10", or as an integer')
    if isinstance(given, str) and not _FIGURE.fullmatch(given):
        raise _problem(f'{given!r} is no amount: write digits with at most one point, such as "100.10"')
    return Decimal(given)


def span_of(text: str) -> timedelta | None:
    """Return the span that a text such as '+90s', '5m' or '1h30m' names; None for any other text."""
    match = _SPAN.fullmatch(text)
    if match is None or not any(match.groups()):
        return None
    parts = zip(match.groups(), _UNITS.values(), strict=True)
    seconds = sum((Decimal(part) * unit for part, unit in parts if part), Decimal(0))
    return timedelta(microseconds=int(seconds * 1_000_000))


def _moment(given: Any) -> Moment:
    if isinstance(given, timedelta | datetime):
        return given
    if isinstance(given, float):
        raise _problem(f'{given!r} is a JSON float: write the seconds as an integer, or as a string, "+{given}s"')
    if isinstance(given, int) and not isinstance(given, bool):
        return _bounded(timedelta(seconds=min(max(given, 0), 10**10)) if given >= 0 else None)
    if isinstance(given, str):
        if (span := span_of(given)) is not None:
            return _bounded(span)
        try:
            instant = datetime.fromisoformat(given)
        except ValueError:
            instant = None
        if instant is not None and instant.tzinfo is not None:
            return instant.astimezone(UTC)
    raise _problem('write a time as seconds from the start (90, "+90s", "+5m") or as RFC 3339 with its zone')


def _bounded(span: timedelta | None) -> timedelta:
    if span is None or span > _LONGEST:
        raise _problem("a time from the start is 0 or more and at most a hundred years")
    return span


def _seconds(given: Any) -> int:
    if isinstance(given, int) and not isinstance(given, bool):
        return given
    if isinstance(given, str) and (span := span_of(given)) is not None and not span.microseconds:
        return int(span.total_seconds())
    raise _problem('write whole seconds as an integer, or as "90s", "5m"')


def _said(moment: Moment) -> str:
    return moment.isoformat() if isinstance(moment, datetime) else f"+{moment.total_seconds():g}s"


Figure = Annotated[Decimal, BeforeValidator(_figure), WithJsonSchema(FIGURE_SCHEMA)]
"""Money, a percentage or points: a string of digits or an integer, never a float."""

When = Annotated[Moment, PlainValidator(_moment), PlainSerializer(_said), WithJsonSchema(MOMENT_SCHEMA)]
"""A time: seconds from the start, '+90s', '+5m', '+1h30m', or RFC 3339."""

Seconds = Annotated[int, BeforeValidator(_seconds), WithJsonSchema(SECONDS_SCHEMA)]
"""A span in whole seconds: an integer, or '90s', '5m'."""


def instant_of(moment: Moment, start: datetime) -> datetime:
    """Return the instant that ``moment`` names in a scenario which begins at ``start``."""
    return moment if isinstance(moment, datetime) else start + moment
