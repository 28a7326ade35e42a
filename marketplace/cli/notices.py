"""The command ``notices``, the same for buyers, desks and the platform."""

from typing import Annotated

import typer

from marketplace.cli import session, show
from marketplace.cli.command import Limit

_NOTICES = (
    show.when("When", "updated_at"),
    show.col("What", "title"),
    show.col("", "text"),
    show.code("About", "subject_id"),
    show.col("Read", "read"),
)


def notices(
    *,
    unread: Annotated[bool, typer.Option("--unread", help="only those that you have not read")] = False,
    read_all: Annotated[bool, typer.Option("--read-all", help="mark all as read instead")] = False,
    limit: Limit = 50,
) -> None:
    """What happened to your organization's deals, newest first."""
    api = session.api()
    if read_all:
        marked = api.post("/notices/read-all", key=session.key())
        show.answer(marked, f"{marked['marked']} marked as read.")
        return
    found, left = session.pages(api, "/notices", limit, unread=unread)
    show.answer(found, show.table(found, *_NOTICES, empty="There is nothing new. You are told here when there is."))
    show.more(left)
