"""What all channels plan alike that people choose for: in what ways readers want to be told, and when that is.

A channel's own statement tells who is ``wanted``: a row for each notice and reader, with ``choice``, ``urgency`` and
``timing`` among its columns.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, DateTime, Subquery, TableValuedAlias, Text, and_, func, literal
from sqlalchemy import cast as sql_cast
from sqlalchemy import select as sql_select
from sqlalchemy.dialects.postgresql import ARRAY

from marketplace.kernel import codec
from marketplace.kernel.work import Work
from notifications.preferences.model import Timing
from notifications.row import Urgency


@dataclass(frozen=True, slots=True)
class Moment:
    """All that decides when a reader is told: its choice, the urgency, and its timing as stored (empty: none)."""

    choice: str
    urgency: str
    timing: str


Due = Sequence[tuple[Moment, datetime]]
"""When each moment is, UTC; what is not among them is not told at all."""


def moments(work: Work, wanted: Subquery) -> list[Moment]:
    """Return the different ways in which the wanted readers want to be told."""
    rows = work.session.execute(sql_select(wanted.c.choice, wanted.c.urgency, wanted.c.timing).distinct())
    return [Moment(row.choice, row.urgency, row.timing) for row in rows]


def due(found: Sequence[Moment], at: Callable[[str, Timing, Urgency], datetime | None]) -> Due:
    """Return when each moment is by a channel's rule ``at`` (choice, timing, urgency), which says None for never."""
    return [(one, when) for one in found if (when := at(one.choice, _timing(one), Urgency(one.urgency))) is not None]


def _timing(moment: Moment) -> Timing:
    return codec.load_json(Timing, moment.timing) if moment.timing else Timing()


def instants(due_at: Due) -> TableValuedAlias:
    """Return moments as a table, each with its instant ``at``."""
    return (
        func.unnest(
            literal([moment.choice for moment, _ in due_at], ARRAY(Text)),
            literal([moment.urgency for moment, _ in due_at], ARRAY(Text)),
            literal([moment.timing for moment, _ in due_at], ARRAY(Text)),
            literal([at for _, at in due_at], ARRAY(DateTime(timezone=True))),
        )
        .table_valued("choice", "urgency", "timing", "at", name="instants")
        .render_derived()
    )


def at_its_moment(wanted: Subquery, at: TableValuedAlias) -> ColumnElement[bool]:
    """Return the condition that joins what is wanted to its instant."""
    return and_(at.c.choice == wanted.c.choice, at.c.urgency == wanted.c.urgency, at.c.timing == wanted.c.timing)


def new_id(prefix: str) -> ColumnElement[str]:
    """Return an expression that makes an identifier as ``ids.new`` does: random letters, made by the database."""
    letters = literal("abcdefghijklmnop")
    halves = [
        func.left(func.translate(sql_cast(func.gen_random_uuid(), Text), literal("0123456789abcdef-"), letters), 12)
        for _ in range(2)
    ]
    return literal(f"{prefix}_") + halves[0] + halves[1]
