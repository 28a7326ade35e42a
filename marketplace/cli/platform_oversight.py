"""The platform looks after its own work: what waits, who has accounts, what runs, who learned a name, how it does."""

from pathlib import Path
from typing import Annotated, Any

import httpx
import typer

from marketplace.cli import session, show
from marketplace.cli.command import Limit, Reason, Yes, command_of, group, read_json, want_word

Kind = Annotated[str, typer.Argument(metavar="KIND", help="verification, provider, withdrawal, pause or review")]
Subject = Annotated[str, typer.Argument(metavar="SUBJECT", help="what it is about, as in the list of jobs")]
OrganizationId = Annotated[str, typer.Argument(metavar="ORGANIZATION", help="an organization's id")]
Users = Annotated[list[str] | None, typer.Option("--user", help="a user's id; several times; default: all")]

_JOBS = (
    show.col("Kind", "kind"),
    show.code("Subject", "subject"),
    show.when("Since", "since"),
    show.col("Mind", "flags"),
    show.code("Request", "request_id"),
    show.col("Lots", "lots"),
    show.count("Things", "count"),
    show.code("Taken by", "taken_by"),
    show.when("Until", "taken_until"),
)
_ORGANIZATIONS = (
    show.code("Organization", "id"),
    show.col("Kind", "kind"),
    show.col("Name", "name"),
    show.col("State", "state"),
    show.when("Since", "since"),
    show.count("Users", "users"),
    show.count("Suspended", "suspended_users"),
    show.count("Sessions", "sessions"),
)
_ACCOUNTS = (
    show.code("User", "id"),
    show.col("Name", "full_name"),
    show.col("E-mail", "email"),
    show.col("Role", "role"),
    show.col("Active", "active"),
    show.when("Suspended", "suspended_at"),
)
_SESSIONS = (
    show.code("Session", "id"),
    show.code("User", "user_id"),
    show.when("Since", "created_at"),
    show.col("Second factor", "second_factor"),
)
_DONE = (
    show.when("When", "at"),
    show.col("What", "action"),
    show.col("Reason", "reason"),
    show.code("Admin", "admin_id"),
)
_AUCTIONS = (
    show.code("Request", "request_id"),
    show.col("Lot", "lot"),
    show.col("Title", "title"),
    show.col("Status", "status"),
    show.col("Sealed", "sealed"),
    show.when("Closes", "closes_at"),
    show.count("Extended", "extensions"),
    show.count("Invited", "invited"),
    show.count("Bidders", "bidders"),
    show.count("Bids", "bids"),
    show.when("Last bid", "last_bid_at"),
    show.col("Odd", "odd"),
)
_REVEALS = (
    show.when("When", "at"),
    show.col("Right", "right"),
    show.code("Buyer", "buyer_id"),
    show.col("Carrier", "provider_name"),
    show.code("User", "user_id"),
    show.code("Request", "request_id"),
    show.code("Document", "document_id"),
)
_REVIEWS = (
    show.code("Finding", "id"),
    show.code("Request", "request_id"),
    show.col("Where", "place"),
    show.col("Words", "words"),
    show.col("Why", "why"),
    show.when("Kept", "accepted_at"),
    show.when("Looked at", "seen_at"),
    show.col("Note", "note"),
)
_FOLLOWERS = (
    show.col("Follower", "name"),
    show.count("Behind", "behind"),
    show.count("Failures", "failures"),
    show.col("Last trouble", "last_error"),
    show.when("Tries again", "retry_at"),
)
_ALARMS = (
    show.col("Alarm", "kind"),
    show.count("Waiting", "waiting"),
    show.count("Overdue", "overdue"),
    show.when("Next", "next_at"),
)
_MACHINE = (
    show.count("Journal's position", "journal.position"),
    show.count("Events not stamped yet", "journal.unstamped"),
    show.col("Signs of life", "heartbeats"),
    show.count("Database, bytes", "database.size"),
    show.count("Connections", "database.connections"),
    show.count("Sessions", "sessions"),
    show.count("Bids that wait here", "process.desk_waiting"),
    show.count("Boards that wait here", "process.boards_waiting"),
)
_FILTERS = (
    show.col("Carrier", "provider_name"),
    show.col("Filter", "filter_name"),
    show.col("Service types", "nodes"),
    show.col("Features", "features"),
)
_REQUESTS = (
    show.code("Request", "request_id"),
    show.col("Status", "status"),
    show.col("Service type", "service_type"),
    show.col("Feature", "feature"),
)


def add_to(app: typer.Typer) -> None:
    """Add the commands to the platform's group."""
    command = command_of(app)
    for name, function in (
        ("jobs", jobs),
        ("take", take),
        ("release", release),
        ("auctions", auctions),
        ("reveals", reveals),
        ("health", health),
        ("catalogue-impact", catalogue_impact),
    ):
        command(name)(function)
    _add_organizations(app)
    review = group("Words that buyers published although the leak check found them.")
    app.add_typer(review, name="review")
    command = command_of(review)
    command("list")(list_reviews)
    command("seen")(seen)


def _add_organizations(app: typer.Typer) -> None:
    organizations = group("Who has accounts: look, suspend, reinstate, end sessions.")
    app.add_typer(organizations, name="organizations")
    command = command_of(organizations)
    for name, function in (
        ("list", list_organizations),
        ("open", open_organization),
        ("suspend", suspend),
        ("reinstate", reinstate),
        ("end-sessions", end_sessions),
    ):
        command(name)(function)


def jobs(
    kind: Annotated[list[str] | None, typer.Option(help="of this kind alone; several times")] = None,
    limit: Limit = 50,
) -> None:
    """What waits for the platform, the longest waiting first."""
    found, left = session.pages(session.api(), "/platform/queue", limit, kind=kind or None)
    show.answer(found, show.table(found, *_JOBS, empty="Nothing waits."))
    show.more(left)


def take(kind: Kind, subject: Subject) -> None:
    """Take a job for 30 minutes, so that no colleague begins it, too."""
    done = session.api().post(session.path("/platform/queue/{}/{}/take", kind, subject), {}, key=session.key())
    show.answer(done, show.facts(done, *_JOBS))


def release(kind: Kind, subject: Subject) -> None:
    """Give a job back."""
    session.api().post(session.path("/platform/queue/{}/{}/release", kind, subject), {}, key=session.key())
    show.answer({"released": f"{kind} {subject}"}, "It is free for a colleague.")


def auctions(
    status: Annotated[list[str] | None, typer.Option(help="default: scheduled, open and paused")] = None,
    limit: Limit = 50,
) -> None:
    """Lots that run, what closes first comes first, with what is odd about their bids."""
    found, left = session.pages(session.api(), "/platform/auctions", limit, status=status or None)
    show.answer(found, show.table(found, *_AUCTIONS, empty="None runs."))
    show.more(left)


def reveals(
    *,
    buyer: Annotated[str, typer.Option(help="of this buyer (id)")] = "",
    provider: Annotated[str, typer.Option(help="to this provider (id)")] = "",
    since: Annotated[str, typer.Option(help="from this instant on, such as 2030-01-31T00:00:00Z")] = "",
    until: Annotated[str, typer.Option(help="before this instant")] = "",
    out: Annotated[Path | None, typer.Option(help="save all as CSV there instead")] = None,
    limit: Limit = 50,
) -> None:
    """Who learned which buyer's identity, when, by what right; newest first."""
    given = {"buyer_id": buyer, "provider_id": provider, "since": since, "until": until}
    asked = {name: value for name, value in given.items() if value}
    if out is not None:
        found = session.raw(session.api(), str(httpx.URL("/platform/reveals.csv", params=asked)))
        out.write_bytes(found.content)
        show.answer({"file": str(out), "size": len(found.content)}, f"Saved to {out}.")
        return
    log, left = session.pages(session.api(), "/platform/reveals", limit, **asked)
    show.answer(log, show.table(log, *_REVEALS, empty="Nobody has learned who a buyer is."))
    show.more(left)


def health() -> None:
    """How the machinery does: the journal and its followers, alarms, signs of life, sizes, queues."""
    found = session.api().get("/platform/health")
    show.answer(
        found,
        show.facts(found, *_MACHINE, after=1),
        show.table(found["followers"], *_FOLLOWERS),
        show.table(found["alarms"], *_ALARMS, empty="No alarm is set."),
    )


def catalogue_impact(
    file: Annotated[Path, typer.Argument(allow_dash=True, help="a whole catalogue in JSON, or -")],
) -> None:
    """Whose filters and requests name what a new catalogue no longer has; nothing is saved."""
    found = session.api().post("/platform/catalogue/impact", read_json(file), key=session.key())
    show.answer(
        found,
        show.facts(found, show.col("Service types gone", "nodes"), show.col("Features gone", "removed_features")),
        show.table(found["filters"], *_FILTERS, empty="No active filter names what would be gone."),
        show.table(found["requests"], *_REQUESTS, empty="No request asks for what would be gone."),
    )


def list_organizations(
    kind: Annotated[str, typer.Option(help="buyer, provider or platform; default: all")] = "",
    state: Annotated[str, typer.Option(help="of a verification or an approval; needs --kind")] = "",
    search: Annotated[str, typer.Option(help="an id, or part of a provider's name")] = "",
    limit: Limit = 50,
) -> None:
    """Who has accounts, newest first; buyers without names."""
    asked = {"kind": kind or None, "state": state or None, "search": search or None}
    found, left = session.pages(session.api(), "/platform/organizations", limit, **asked)
    show.answer(found, show.table(found, *_ORGANIZATIONS, empty="There are none."))
    show.more(left)


def open_organization(organization_id: OrganizationId) -> None:
    """An organization's name, users and open sessions. Of a buyer, that you read it goes on record."""
    found = session.api().get(session.path("/platform/organizations/{}", organization_id))
    show.answer(
        found,
        show.facts(found["organization"], *_ORGANIZATIONS, after=1),
        show.table(found["accounts"], *_ACCOUNTS, empty="It has no users."),
        show.table(found["open_sessions"], *_SESSIONS, empty="Nobody is signed in."),
        *([show.table(found["interventions"], *_DONE)] if found["interventions"] else []),
    )


def suspend(organization_id: OrganizationId, reason: Reason, user: Users = None, *, yes: Yes = False) -> None:
    """Keep users out until you reinstate them: their sessions end, their API keys rest."""
    if not yes:
        want_word("SUSPEND", "Nothing was changed.")
    _met(organization_id, "suspend", {"reason": reason, "user_ids": user or []})


def reinstate(organization_id: OrganizationId, reason: Reason, user: Users = None) -> None:
    """Let suspended users in again."""
    _met(organization_id, "reinstate", {"reason": reason, "user_ids": user or []})


def end_sessions(organization_id: OrganizationId, reason: Reason) -> None:
    """End every session of an organization's users; they may sign in again."""
    at = session.path("/platform/organizations/{}/end-sessions", organization_id)
    done = session.api().post(at, {"reason": reason}, key=session.key())
    show.answer(done, f"Ended: {done['sessions']} sessions.")


def _met(organization_id: str, what: str, body: dict[str, Any]) -> None:
    at = session.path("/platform/organizations/{}/" + what, organization_id)
    done = session.api().post(at, body, key=session.key())
    show.answer(done, f"It met {len(done['user_ids'])} users: {show.plain(done['user_ids'])}")


def list_reviews(
    *, all_seen: Annotated[bool, typer.Option("--seen", help="those that were looked at")] = False, limit: Limit = 50
) -> None:
    """Words that the leak check found and the buyer published all the same, oldest first."""
    found, left = session.pages(session.api(), "/platform/reviews", limit, seen=all_seen)
    show.answer(found, show.table(found, *_REVIEWS, empty="Nothing waits."))
    show.more(left)


def seen(
    finding_id: Annotated[str, typer.Argument(metavar="FINDING", help="as in: review list")],
    note: Annotated[str, typer.Option(help="for colleagues; the buyer does not read it")] = "",
) -> None:
    """Record that you looked."""
    at = session.path("/platform/reviews/{}/seen", finding_id)
    done = session.api().post(at, {"note": note}, key=session.key())
    show.answer(done, show.facts(done, *_REVIEWS))
