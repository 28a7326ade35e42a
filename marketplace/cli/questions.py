"""Questions on requests on the command line: a desk asks and reads, a buyer answers to all invited carriers."""

from pathlib import Path
from typing import Annotated, Any

import typer

from marketplace.cli import session, show
from marketplace.cli.buyer_requests import RequestId
from marketplace.cli.choices import MistakeError
from marketplace.cli.command import Limit, command_of, read_text
from marketplace.cli.desk_offers import InvitationId

_EXCHANGES = (
    show.col("State", "state"),
    show.col("Yours", "own"),
    show.col("Question", "question"),
    show.col("Answer", "answer"),
    show.when("Answered", "answered_at"),
    show.when("Changed", "changed_at"),
    show.col("Not answered because", "decline_reason"),
)
_ASKED = (
    show.code("Question", "id"),
    show.col("State", "state"),
    show.col("Asked by", "asker"),
    show.col("Question", "question"),
    show.col("Answer", "answer"),
    show.count("Version", "version"),
    show.when("Asked", "asked_at"),
)
_ANNOUNCED = (
    show.when("When", "at"),
    show.col("What", "kind"),
    show.col("Lots", "lots"),
    show.when("Bids until", "closes_at"),
    show.col("Said", "text"),
)

Text = Annotated[str, typer.Argument(help="the text; @FILE reads it from a file, - from standard input")]
QuestionId = Annotated[str, typer.Argument(metavar="QUESTION", help="its id, as in: buyer questions")]
Accept = Annotated[
    list[str] | None,
    typer.Option("--accept-finding", help="exact words of a finding that you take responsibility for"),
]


def add_to_desk(app: typer.Typer) -> None:
    """Add the carrier's commands to its group."""
    command = command_of(app)
    command("ask")(ask)
    command("questions")(exchanges)
    command("announcements")(announcements)


def add_to_buyer(app: typer.Typer) -> None:
    """Add the buyer's commands to its group."""
    command = command_of(app)
    command("questions")(questions)
    command("answer")(answer)
    command("clarify")(clarify)
    command("announcements")(own_announcements)


def add_to_platform(app: typer.Typer) -> None:
    """Add the platform's command to its group."""
    command_of(app)("announce")(announce)


def ask(invitation_id: InvitationId, text: Text) -> None:
    """Ask the buyer of a request. The answer goes to all invited carriers; say nothing of who you are."""
    body = {"text": _text(text)}
    done = session.api().post(session.path("/invitations/{}/questions", invitation_id), body, key=session.key())
    show.answer(done, f"Asked. The answer comes here: marketplace desk questions {invitation_id}")


def exchanges(invitation_id: InvitationId, limit: Limit = 50) -> None:
    """What was asked and answered on a request, newest first, and your own questions that wait."""
    found, left = session.pages(session.api(), session.path("/invitations/{}/questions", invitation_id), limit)
    empty = f"Nobody has an answer yet. Next: marketplace desk ask {invitation_id} 'YOUR QUESTION'"
    show.answer(found, show.table(found, *_EXCHANGES, empty=empty))
    show.more(left)


def announcements(invitation_id: InvitationId, limit: Limit = 50) -> None:
    """What the platform announced in an auction, newest first."""
    _announced(session.path("/invitations/{}/announcements", invitation_id), limit)


def questions(request_id: RequestId, limit: Limit = 50) -> None:
    """What carriers ask about a request and what you told them, newest first."""
    found, left = session.pages(session.api(), session.path("/requests/{}/questions", request_id), limit)
    waits = next((one["id"] for one in found if one["state"] == "waiting"), None)
    following = f"Next: marketplace buyer answer {request_id} {waits} 'YOUR ANSWER'" if waits else ""
    show.answer(found, show.table(found, *_ASKED, empty="No questions yet."), following)
    show.more(left)


def answer(
    request_id: RequestId,
    question_id: QuestionId,
    text: Text,
    *,
    change: Annotated[int, typer.Option(help="the version of the answer, or clarification, that this replaces")] = 0,
    decline: Annotated[bool, typer.Option("--decline", help="don't answer: the asker alone reads the text")] = False,
    accept_finding: Accept = None,
) -> None:
    """Answer a question, to all invited carriers; or change an answer; or decline, with a reason."""
    if decline and change:
        raise MistakeError("A question with an answer can't be declined: leave out --decline or --change.")
    said: dict[str, Any] = {"reason" if decline else "text": _text(text), "accept_findings": accept_finding or []}
    at = session.path("/requests/{}/questions/{}/" + ("decline" if decline else "answer"), request_id, question_id)
    if change:
        done = session.api().call("PUT", at, said, key=session.key(), headers={"If-Match": f'"{change}"'})
    else:
        done = session.api().post(at, said, key=session.key())
    show.answer(done, show.facts(done, *_ASKED))


def clarify(request_id: RequestId, text: Text, accept_finding: Accept = None) -> None:
    """Tell all invited carriers something that nobody asked."""
    body = {"text": _text(text), "accept_findings": accept_finding or []}
    done = session.api().post(session.path("/requests/{}/clarifications", request_id), body, key=session.key())
    show.answer(done, show.facts(done, *_ASKED))


def own_announcements(request_id: RequestId, limit: Limit = 50) -> None:
    """What the platform announced in your auction, newest first."""
    _announced(session.path("/requests/{}/announcements", request_id), limit)


def announce(request_id: RequestId, text: Text) -> None:
    """Announce something to the buyer and to all invited carriers of an auction; it must not tell who buys."""
    body = {"text": _text(text)}
    done = session.api().post(session.path("/auctions/{}/announcements", request_id), body, key=session.key())
    show.answer(done, show.facts(done, *_ANNOUNCED))


def _announced(at: str, limit: int) -> None:
    found, left = session.pages(session.api(), at, limit)
    rows = [one | {"lots": one["lots"] or "all"} for one in found]
    show.answer(found, show.table(rows, *_ANNOUNCED, empty="Nothing was announced."))
    show.more(left)


def _text(given: str) -> str:
    """Return a text as given, or from where it says that it is."""
    if given == "-" or given.startswith("@"):
        return read_text(Path(given.removeprefix("@")))
    return given
