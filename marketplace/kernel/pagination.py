"""Keyset paging: a page starts behind the last row of the page before, so nothing is skipped or repeated."""

import base64
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel

from marketplace.kernel.errors import FieldError, MalformedError

T = TypeVar("T")
LARGEST_PAGE = 200


class Page(BaseModel, Generic[T]):
    """One page of a list. ``next`` is the ``after`` of the following page, null on the last one."""

    items: list[T]
    next: str | None


Limit = Annotated[int, Query(ge=1, le=LARGEST_PAGE, description="How many items at most")]
After = Annotated[str | None, Query(max_length=400, description="The `next` of the page before")]


def encode(key: Sequence[str | int]) -> str:
    """Return the opaque cursor of a row's sort key."""
    return base64.urlsafe_b64encode(json.dumps(list(key)).encode()).decode().rstrip("=")


def decode(cursor: str, length: int) -> list[Any]:
    """Return the sort key of a cursor that ``encode`` made. Raises MalformedError for any other text."""
    try:
        key = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if isinstance(key, list) and len(key) == length and all(isinstance(part, str | int) for part in key):
            "".join(part for part in key if isinstance(part, str)).encode()  # half a surrogate pair is a ValueError
            return key
    except ValueError:
        pass
    raise _foreign()


def decode_moment(cursor: str | None) -> tuple[datetime, str] | None:
    """Return the instant and id in a cursor of a list in the order of time; None for none. Raises MalformedError."""
    if cursor is None:
        return None
    at, ident = decode(cursor, 2)
    try:
        instant = datetime.fromisoformat(str(at))
    except ValueError:
        raise _foreign() from None
    if instant.tzinfo is None:
        raise _foreign()
    return instant, str(ident)


def _foreign() -> MalformedError:
    problem = FieldError("query/after", "use the 'next' of the page before")
    return MalformedError("The cursor is not one of ours.", errors=(problem,))


def page_of(rows: Sequence[T], limit: int, key: Any) -> tuple[list[T], str | None]:
    """Return the first ``limit`` of ``rows`` (fetched with ``limit + 1``) and the cursor of the next page, if any."""
    items = list(rows[:limit])
    return items, encode(key(items[-1])) if len(rows) > limit else None
