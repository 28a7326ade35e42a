"""The running auction on a desk's command line: what it shows, limits, leaving a falling clock, taking bids back."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import typer

from marketplace.cli import auction_view, desk_offers, session, show, transcripts
from marketplace.cli.choices import MistakeError
from marketplace.cli.command import LotOption, Yes, command_of, figure, figures_by_lot, group, read_json, want_word
from marketplace.cli.desk_offers import InvitationId, ReceiptFile
from marketplace.players.api import Api

_LIMITS = (
    show.col("Lot", "lot"),
    show.code("Limit's id", "bid_id"),
    show.money("Down to", "amount"),
    show.col("", "currency"),
    show.when("Received", "received_at"),
)
_OF_LINES = (
    "line",
    "mrc",
    "nrc",
    "usage_rates",
    "install_days",
    "answers",
    "taxes",
    "firmness",
    "construction_cap",
    "access_owner",
    "entrance",
)
_OF_OFFERS = ("lot", "valid_until", "note", "adjustment", "packages", "volume", "quality", "capacity", "alternative")


def add_to(app: typer.Typer) -> None:
    """Add the commands of running auctions to the desk's group."""
    command = command_of(app)
    for name, function in (
        ("auction", auction),
        ("exit", leave),
        ("withdraw", withdraw),
        ("transcript", transcript),
    ):
        command(name)(function)
    limits = group("Let the marketplace bid for you down to a limit that only you can read.")
    app.add_typer(limits, name="limit")
    command = command_of(limits)
    command("set")(set_limit)
    command("remove")(remove_limit)


def auction(invitation_id: InvitationId) -> None:
    """The competition, as far as its rules show it to you; times are this machine's."""
    api = session.api()
    found = api.get(session.path("/invitations/{}/auction", invitation_id))
    if show.for_machines():
        show.answer(found)
        return
    asked = api.get(session.path("/invitations/{}", invitation_id))["request"]
    rules, currency = asked["auction"], asked["billing"]["currency"]
    parts = auction_view.lots_table(found, rules, empty="It has no lots to bid on yet.")
    show.answer(found, *parts, f"Amounts in {currency}. {auction_view.seen_in_words(rules)}")


def leave(invitation_id: InvitationId, lot: LotOption = "", *, yes: Yes = False) -> None:
    """Leave a falling clock for good, instead of staying silent; the last price that you accepted stands."""
    api = session.api()
    ref = transcripts.one_lot(api, session.path("/invitations/{}/auction", invitation_id), lot)
    if not yes:
        show.before_asking(f"You leave lot {ref} for good: no later price can be accepted.")
        want_word("EXIT", "You did not leave.")
    api.post(session.path("/invitations/{}/lots/{}/exit", invitation_id, ref), key=session.key())
    show.answer({"lot": ref, "left": True}, f"You left lot {ref}.")


def withdraw(
    invitation_id: InvitationId,
    bid_id: Annotated[str, typer.Argument(metavar="BID", help="the bid's id, as in: desk bids")],
    reason: Annotated[str, typer.Option(help="why the bid is an error; needed where bids bind")] = "",
) -> None:
    """Take a bid back before the close. A sealed one at once; any other binds, and the buyer decides on your reason."""
    api = session.api()
    at = session.path("/invitations/{}/bids/{}", invitation_id, bid_id)
    api.call("DELETE", at, key=session.key(), params={"reason": reason})
    own = api.get(session.path("/invitations/{}/bids", invitation_id))
    stands = any(one["bid_id"] == bid_id and one["standing"] for one in own)
    said = (
        f"Asked: {bid_id} stands until the buyer has decided. You are told: marketplace desk notices"
        if stands
        else f"Taken back: {bid_id}."
    )
    show.answer({"bid_id": bid_id, "withdrawn": not stands, "asked": stands}, said)


def transcript(
    invitation_id: InvitationId,
    out: transcripts.Out,
    lot: LotOption = "",
    keys: transcripts.Keys = None,
) -> None:
    """Save a closed lot's history: yours in clear, of the others what the rules show. Check it with your receipts."""
    ref = transcripts.one_lot(session.api(), session.path("/invitations/{}/auction", invitation_id), lot)
    transcripts.save(session.path("/invitations/{}/lots/{}/transcript", invitation_id, ref), ref, out, keys)


def set_limit(
    invitation_id: InvitationId,
    limit: Annotated[list[str], typer.Option(help="T1=9000.00: the lowest total that is still yours; several times")],
    file: Annotated[
        Path | None,
        typer.Argument(allow_dash=True, help="a bid as JSON that says what is offered; default: your standing bid"),
    ] = None,
    step: Annotated[str, typer.Option(help="go down by so much at a time; default: as little as the rules take")] = "",
    receipts: ReceiptFile = None,
) -> None:
    """Set or change limits. Nobody but you sees them; all of them are taken, or none."""
    api = session.api()
    limits = figures_by_lot(limit, "--limit")
    body = read_json(file) if file is not None else _standing(api, invitation_id, list(limits))
    done = _set(api, invitation_id, body, limits, str(figure(step)) if step else None)
    desk_offers.tell_receipts(done, receipts, f"See it: marketplace desk auction {invitation_id}", _LIMITS)


def remove_limit(invitation_id: InvitationId, lot: LotOption = "") -> None:
    """Let the marketplace bid no lower for you: the limit becomes the price at which you stand. Your bid stays."""
    api = session.api()
    seen = api.get(session.path("/invitations/{}/auction", invitation_id))
    limited = {one["lot"]: one for one in seen if one["proxy_limit"] is not None}
    ref = lot.strip().upper() or next(iter(limited), "")
    if len(limited) > 1 and not lot:
        raise MistakeError(f"You have limits on {show.plain(list(limited))}: say which, such as --lot {ref}")
    if ref not in limited:
        raise MistakeError(f"You have no limit{f' on lot {ref}' if ref else ''} here.")
    own = limited[ref]["own_amount"]
    if own is None:
        raise MistakeError("The limit has placed no bid yet, so there is no price to stop at: set a higher limit.")
    if Decimal(own) <= Decimal(limited[ref]["proxy_limit"]):
        raise MistakeError(f"The limit on lot {ref} is reached: {show.amount(own)}. Nothing goes lower for you.")
    body = _standing(api, invitation_id, [ref])
    _set(api, invitation_id, body, {ref: Decimal(own)}, None)
    show.answer({"lot": ref, "limit": own}, f"The marketplace bids no lower than {show.amount(own)} for you now.")


def _set(api: Api, invitation_id: str, body: Any, limits: Mapping[str, Decimal], step: str | None) -> Any:
    lots = {lot["lot"].upper(): lot for lot in desk_offers.lots_of(body)}
    unknown = [ref for ref in limits if ref not in lots]
    if unknown:
        raise MistakeError(f"The bid prices no lot {unknown[0]}: leave it out of --limit, or price its lines.")
    sent = {name: body.get(name) for name in ("request_version", "terms_id", "term_months")}
    proxies = [{"offer": lots[ref], "limit": str(limit), "step": step} for ref, limit in limits.items()]
    at = session.path("/invitations/{}/proxies", invitation_id)
    return api.call("PUT", at, sent | {"lots": proxies}, key=session.key())


def _standing(api: Api, invitation_id: str, refs: list[str]) -> dict[str, Any]:
    """Return the bids that stand on these lots as one bid. Raises MistakeError for a lot without one."""
    own = api.get(session.path("/invitations/{}/bids", invitation_id))
    standing = {one["lot"]: one for one in own if one["standing"] and one["offer"] is not None}
    lacking = [ref for ref in refs if ref not in standing]
    if lacking:
        raise MistakeError(
            f"You have no open bid on lot {lacking[0]} that says what is offered: give one as a file, "
            f"marketplace desk bid {invitation_id} FILE.json --template"
        )
    first = standing[refs[0]]
    return {
        "request_version": first["request_version"],
        "terms_id": first["offer"]["terms_id"],
        "term_months": first["offer"]["term_months"],
        "lots": [_as_sent(standing[ref]["offer"]) for ref in refs],
    }


def _as_sent(offer: Mapping[str, Any]) -> dict[str, Any]:
    """Return a stored offer in the fields in which a bid is sent."""
    lines = [{name: line[name] for name in _OF_LINES if name in line} for line in offer["lines"]]
    return {name: offer[name] for name in _OF_OFFERS if name in offer} | {"lines": lines}
