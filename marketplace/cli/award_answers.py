"""Winners' answers on the command line: the desk confirms or declines, the buyer looks and takes lots back."""

from typing import Annotated, Any

import typer

from marketplace.cli import session, show
from marketplace.cli.buyer_requests import RequestId
from marketplace.cli.choices import MistakeError
from marketplace.cli.command import Reason, command_of
from marketplace.cli.desk_offers import InvitationId
from marketplace.players.api import Api

AwardId = Annotated[str, typer.Option("--award", help="which award, if several wait")]

_ANSWERS = (
    show.code("Award", "award_id"),
    show.col("Carrier", "provider_name"),
    show.col("Lots", "lots"),
    show.col("Status", "status"),
    show.when("Asked", "asked_at"),
    show.when("Until", "due_at"),
    show.when("Answered", "decided_at"),
    show.col("Reason", "reason"),
    show.col("Did not stand by its bid", "defaulted"),
    show.code("Carrier's id", "provider_id"),
)
_OWN = tuple(column for column in _ANSWERS if column.path not in {"provider_name", "provider_id", "defaulted"})


def add_to_desk(app: typer.Typer) -> None:
    """Add the provider's commands."""
    command = command_of(app)
    command("confirm")(confirm)
    command("decline-award")(decline_award)


def add_to_buyer(app: typer.Typer) -> None:
    """Add the buyer's commands."""
    command = command_of(app)
    command("confirmations")(confirmations)
    command("take-back")(take_back)


def confirm(invitation_id: InvitationId, award_id: AwardId = "") -> None:
    """Confirm an award: you stand by your bids. The buyer can accept your terms from then on."""
    api = session.api()
    path = session.path("/invitations/{}/award/confirmation", invitation_id)
    done = api.post(path, {"award_id": award_id or _waiting(api, path)}, key=session.key())
    show.answer(done, show.facts(done, *_OWN), "The contract is made when the buyer accepts your terms.")


def decline_award(invitation_id: InvitationId, reason: Reason, award_id: AwardId = "") -> None:
    """Step back from an award: its lots return to the buyer, which reads the reason and keeps it in mind."""
    api = session.api()
    waiting = award_id or _waiting(api, session.path("/invitations/{}/award/confirmation", invitation_id))
    path = session.path("/invitations/{}/award/declination", invitation_id)
    done = api.post(path, {"award_id": waiting, "reason": reason}, key=session.key())
    show.answer(done, show.facts(done, *_OWN))


def confirmations(request_id: RequestId) -> None:
    """Which winners of a request confirmed their awards, and which did not stand by their bids."""
    found = session.api().get(session.path("/requests/{}/confirmations", request_id))
    empty = f"There are none before the award. Next: marketplace buyer award {request_id}"
    show.answer(found, show.table(found, *_ANSWERS, empty=empty))


def take_back(
    request_id: RequestId,
    award_id: Annotated[str, typer.Argument(metavar="AWARD", help="an award's id")],
    provider_id: Annotated[str, typer.Argument(metavar="CARRIER", help="the id of the carrier that is silent")],
    reason: Reason,
) -> None:
    """Take lots back from a winner that did not confirm in time."""
    path = session.path("/requests/{}/awards/{}/return", request_id, award_id)
    done = session.api().post(path, {"provider_id": provider_id, "reason": reason}, key=session.key())
    show.answer(done, f"Yours again: {show.plain(done['lots'])}. Next: marketplace buyer compare {request_id}")


def _waiting(api: Api, path: str) -> str:
    """Return the one award that waits for an answer. Raises MistakeError where there is none, or more."""
    found: list[Any] = [one for one in api.get(path) if one["status"] == "awaited"]
    if not found:
        raise MistakeError("No award waits for your word on this invitation.")
    if len(found) > 1:
        raise MistakeError(f"Several awards wait: give --award, one of {', '.join(one['award_id'] for one in found)}")
    return str(found[0]["award_id"])
