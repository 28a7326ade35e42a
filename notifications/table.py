"""The one table of who is told what, in which words, and where it leads: an event without a row here tells nobody."""

from collections.abc import Mapping

from notifications.row import Row
from notifications.rows import accounts, auctions, deals, registration, reminders, requests

ROWS: tuple[Row, ...] = (
    *registration.ROWS,
    *requests.ROWS,
    *auctions.ROWS,
    *reminders.ROWS,
    *deals.ROWS,
    *accounts.ROWS,
)

_OWN_DOING = "who did it is all who need to know"
_ON_SCREEN = "whoever takes part watches the clock; minutes later it would be old"
_SAID_OTHERWISE = "another event of the same step tells it"
TOLD_TO_NOBODY: Mapping[str, str] = {
    "organization.created": _SAID_OTHERWISE,
    "provider.granted": "it may open the request; the buyer did not want it pushed",
    "user.created": _OWN_DOING,
    "user.deactivated": _OWN_DOING,
    "user.initial_password_renewed": _OWN_DOING,
    "user.signed_in": _OWN_DOING,
    "user.signed_out": _OWN_DOING,
    "user.session_revoked": "it belongs to one user; notices are an organization's",
    "user.password_changed": _OWN_DOING,
    "organization.sessions_ended": "signing in again tells each of its users",
    "bids.read": "the journal proves it; which lots the platform looks into is no news to a bidder",
    "job.taken": "the queue shows it",
    "job.released": "the queue shows it",
    "finding.reviewed": "a look of the platform; nothing changes for the buyer",
    "user.second_factor_confirmed": _OWN_DOING,
    "api_key.created": _OWN_DOING,
    "api_key.revoked": _OWN_DOING,
    "webhook.created": _OWN_DOING,
    "webhook.changed": _OWN_DOING,
    "webhook.secret_renewed": _OWN_DOING,
    "webhook.removed": _OWN_DOING,
    "webhook.message_repeated": "its log shows it",
    "catalogue.changed": "it concerns nobody's deal",
    "buyer.changed": _OWN_DOING,
    "buyer.evidence_added": _OWN_DOING,
    "sites.saved": _OWN_DOING,
    "site.removed": _OWN_DOING,
    "filter.saved": _OWN_DOING,
    "filter.removed": _OWN_DOING,
    "territory.removed": _OWN_DOING,
    "territory.saved": _OWN_DOING,
    "footprint.published": _OWN_DOING,
    "footprint.withdrawn": _OWN_DOING,
    "footprint.visibility_changed": _OWN_DOING,
    "filters.replaced": _OWN_DOING,
    "terms.published": _OWN_DOING,
    "negotiation.withdrawn": "who looks at the negotiation sees it; nothing waits for an answer any more",
    "invitation.seen": "the counts of the request show it",
    "invitation.reopened": "the counts of the request show it",
    "request.drafted": _OWN_DOING,
    "request.awarded": _SAID_OTHERWISE,
    "award.approved": _SAID_OTHERWISE,
    "award.cancelled": _OWN_DOING,
    "approval_limit.set": _OWN_DOING,
    "switching_costs.stated": _OWN_DOING,
    "scenario.saved": _OWN_DOING,
    "scenario.removed": _OWN_DOING,
    "reminder.skipped": "it would be of no use any more; the back office sees that the worker was away",
    "auction.scheduled": _SAID_OTHERWISE,
    "auction.bidder_invited": _SAID_OTHERWISE,
    "auction.bidder_excluded": "it is told that its account is suspended or closed",
    "auction.bidder_left": _OWN_DOING,
    "auction.round_started": _ON_SCREEN,
    "auction.round_voided": _ON_SCREEN,
    "auction.turn_ended": _ON_SCREEN,
    "auction.awarded": _SAID_OTHERWISE,
    "auction.returned": _SAID_OTHERWISE,
    "auction.failed": _SAID_OTHERWISE,
    "auction.cancelled": _SAID_OTHERWISE,
    "bid.entered": _OWN_DOING,
    "bid.expired": "its bidder stated until when it is valid; the standing shows the rest",
    "bid.proxy_set": _OWN_DOING,
    "bid.withdrawal_refused": "its bidder sees it where it bids",
    "delivery.repeated": "the reader gets the mail; who had it sent again is the platform's record",
    "suppression.lifted": _OWN_DOING,
    "wording.changed": "readers are told in other words; who changed them is the platform's record",
    "text.repeated": "the reader gets the text; who had it sent again is the platform's record",
    "phone_number.confirmed": _OWN_DOING,
    "phone_number.removed": _OWN_DOING,
    "desk_address.set": _OWN_DOING,
    "desk_address.confirmed": _OWN_DOING,
    "bid.withdrawn": "only sealed bids are withdrawn, and of those nobody may know",
}
"""Events that were looked at and tell nobody, and why. An event is here or in ``ROWS``."""

_BY_EVENT: Mapping[str, tuple[Row, ...]] = {
    name: tuple(row for row in ROWS if row.event == name) for name in {row.event for row in ROWS}
}
EVENTS = frozenset(_BY_EVENT)


def rows_of(event: str) -> tuple[Row, ...]:
    """Return whom ``event`` tells what; nobody anything unless the table says so."""
    return _BY_EVENT.get(event, ())
