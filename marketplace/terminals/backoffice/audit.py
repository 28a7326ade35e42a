"""The journal for people: what happened, who did it, and the proof that nothing of it was changed."""

import json
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import Path, Query, Request, Response

from marketplace.bidding.readings import service as readings
from marketplace.bidding.readings.events import Place
from marketplace.kernel import journal, pagination
from marketplace.kernel.chain import leaf
from marketplace.kernel.errors import NotFoundError, TooLargeError
from marketplace.kernel.http import Working
from marketplace.terminals import pages
from marketplace.terminals.backoffice.desk import PlatformAdmin, colleagues

router = pages.router()

_A_PAGE = 50
LARGEST_EXPORT = 50_000
_LONGEST_VALUE = 32
_LONGEST_LINE = 140
Text = Annotated[str, Query(max_length=200)]


@router.get("/o/audit", summary="The journal")
def show_audit(
    request: Request,
    work: Working,
    _: PlatformAdmin,
    *,
    stream: Text = "",
    event: Text = "",
    user: Text = "",
    verify: bool = False,
    after: pagination.After = None,
) -> Response:
    """List what happened, the newest first, and recompute the chains when asked to.

    That somebody reads of bids here goes on record, as in each of these pages.
    """
    stream, event, user = stream.strip(), event.strip(), user.strip()
    before = None if after is None else int(pagination.decode(after, 1)[0])
    rows = journal.newest(work.session, stream=stream, name=event, user_id=user, before=before, limit=_A_PAGE + 1)
    shown, following = pagination.page_of(rows, _A_PAGE, lambda one: (one.position or 0,))
    readings.record(work, readings.lots_told(shown), Place.JOURNAL)
    report = None
    if verify:
        report = journal.verify_stream(work.session, stream) if stream else journal.verify(work.session)
    return pages.render(
        request,
        "backoffice/audit.html",
        events=[(one, _brief(one)) for one in shown],
        stream_name=stream,
        event_name=event,
        user_name=user,
        after=after,
        following=following,
        report=report,
        names=colleagues(work),
    )


@router.get("/o/audit/export", summary="The journal as a file")
def show_audit_file(work: Working, _: PlatformAdmin, stream: Text = "") -> Response:
    """Send the events, one JSON object a line, oldest first, each with its hash and the one before."""
    rows = journal.page(work.session, stream.strip(), 0, LARGEST_EXPORT + 1)
    if len(rows) > LARGEST_EXPORT:
        raise TooLargeError(f"There are more than {LARGEST_EXPORT:,} events: name a stream.")
    readings.record(work, readings.lots_told(rows), Place.EXPORT)
    text = "".join(json.dumps(_line(one), separators=(",", ":")) + "\n" for one in rows)
    headers = {"Content-Disposition": 'attachment; filename="journal.jsonl"'}
    return Response(text.encode(), media_type="application/x-ndjson", headers=headers)


@router.get("/o/audit/{position}", summary="One event")
def show_audit_event(
    position: Annotated[int, Path(ge=1)], request: Request, work: Working, _: PlatformAdmin
) -> Response:
    """Show one event whole: its hash computed again, and the whole chain that it stands in."""
    found = journal.at_position(work.session, position)
    if found is None:
        raise NotFoundError
    readings.record(work, readings.lots_told([found]), Place.JOURNAL)
    return pages.render(
        request,
        "backoffice/audit_event.html",
        event=found,
        text=json.dumps(found.data, indent=2, ensure_ascii=False),
        computed=leaf(found),
        report=journal.verify_stream(work.session, found.stream),
        names=colleagues(work),
    )


def _brief(event: journal.Recorded) -> str:
    """Return in one line what an event says besides its user, organization and stream, shortened."""
    known = (event.user_id, event.organization_id, event.stream.partition(":")[2], None, "")
    inner = event.data.get("event")
    told = (
        f"{name} {text if len(text) <= _LONGEST_VALUE else text[:16] + '…'}"
        for name, value in (event.data | (inner if isinstance(inner, dict) else {})).items()
        if value not in known and name not in {"salt", "at"} and not isinstance(value, dict | list)
        for text in (str(value),)
    )
    line = ", ".join(told)
    return line if len(line) <= _LONGEST_LINE else f"{line[: _LONGEST_LINE - 1]}…"


def _line(event: journal.Recorded) -> dict[str, Any]:
    return asdict(event) | {"at": event.at.isoformat()}
