"""Every SQL statement on saved scenarios and computed boards."""

from datetime import UTC, datetime

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from marketplace.awards.board.model import Computed, SavedScenario
from marketplace.awards.board.tables import BoardRow, ScenarioRow
from marketplace.awards.buyer_rules import BuyerRule
from marketplace.kernel import codec
from marketplace.kernel.ids import RequestId
from marketplace.kernel.work import Reading, Work


def scenarios(reading: Reading, request_id: RequestId) -> list[SavedScenario]:
    """Return the saved scenarios of a request by name."""
    rows = reading.session.exec(
        select(ScenarioRow).where(ScenarioRow.request_id == request_id).order_by(col(ScenarioRow.name))
    )
    return [_scenario(row) for row in rows]


def scenario(reading: Reading, request_id: RequestId, scenario_id: str) -> SavedScenario | None:
    """Return one saved scenario of a request; inside a ``Work`` it is held until the transaction ends."""
    hold = True if isinstance(reading, Work) else None
    row = reading.session.get(ScenarioRow, scenario_id, with_for_update=hold, populate_existing=True)
    return None if row is None or row.request_id != request_id else _scenario(row)


def save_scenario(work: Work, saved: SavedScenario) -> None:
    """Store a scenario, new or changed."""
    row = ScenarioRow(
        id=saved.id,
        request_id=saved.request_id,
        name=saved.name,
        rules=codec.dump(saved.rules),
        revision=saved.revision,
        changed_by=saved.changed_by,
        changed_at=saved.changed_at,
    )
    work.session.merge(row)
    work.session.flush()


def remove_scenario(work: Work, scenario_id: str) -> None:
    """Remove a saved scenario."""
    work.session.connection().execute(delete(ScenarioRow).where(col(ScenarioRow.id) == scenario_id))


def board(reading: Reading, request_id: RequestId) -> tuple[Computed, datetime] | None:
    """Return the last computed board of a request, and when that was."""
    row = reading.session.get(BoardRow, request_id)
    return None if row is None else (codec.load(Computed, row.board), row.computed_at.astimezone(UTC))


def save_board(work: Work, request_id: RequestId, computed: Computed, at: datetime) -> None:
    """Store a computed board in place of the one before."""
    values = {"sha256": computed.sha256, "board": codec.dump(computed), "computed_at": at}
    statement = insert(BoardRow).values(request_id=request_id, **values)
    work.session.connection().execute(
        statement.on_conflict_do_update(index_elements=[col(BoardRow.request_id)], set_=values)
    )


def _scenario(row: ScenarioRow) -> SavedScenario:
    return SavedScenario(
        row.id,
        RequestId(row.request_id),
        row.name,
        codec.load(tuple[BuyerRule, ...], row.rules),
        row.revision,
        row.changed_by,
        row.changed_at.astimezone(UTC),
    )
