"""Marks of what came in from an outside source, so that the same thing comes in once."""

from sqlalchemy import text

from marketplace.kernel.work import Reading, Work


def begin(work: Work, source: str) -> None:
    """Wait for any other import from ``source``: no other one begins before this transaction ends."""
    work.session.connection().execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended('import ' || :source, 0))"), {"source": source}
    )


def known(reading: Reading, source: str, kind: str) -> dict[str, str]:
    """Return the ids of everything of one kind that came from ``source``, by its reference there."""
    rows = reading.session.connection().execute(
        text("SELECT reference, id FROM kernel.imports WHERE source = :source AND kind = :kind"),
        {"source": source, "kind": kind},
    )
    return {row.reference: row.id for row in rows}


def mark(work: Work, source: str, kind: str, reference: str, thing_id: str) -> None:
    """Record that a thing came in."""
    work.session.connection().execute(
        text(
            "INSERT INTO kernel.imports (source, kind, reference, id, imported_at)"
            " VALUES (:source, :kind, :reference, :id, :now)"
        ),
        {"source": source, "kind": kind, "reference": reference, "id": thing_id, "now": work.now},
    )
