"""The one table of who is told what, in which words, and where it leads: an event without a row here tells nobody."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Data = Mapping[str, Any]
"""An event's own fields as JSON values."""


class Audience(StrEnum):
    """Who is told. ``INVITED``: the approved providers that received the request and have not declined it."""

    BUYER = "buyer"
    INVITED = "invited providers"
    CALLED = "bidders called to final offers"
    PROVIDER = "the provider concerned"
    PLATFORM = "platform"


class Severity(StrEnum):
    """How much it matters: to know, to act on, or something that went wrong."""

    INFO = "info"
    ACTION = "action"
    WARNING = "warning"


class Urgency(StrEnum):
    """How soon it is told outside of the pages: with the day's other news, now, or now even in quiet hours."""

    LATER = "later"
    SOON = "soon"
    NOW = "now"


class Subject(StrEnum):
    """What a notice leads to. A provider knows a request by its own invitation only."""

    REQUEST = "request"
    INVITATION = "invitation"
    CONTRACT = "contract"
    BUYER = "buyer"
    PROVIDER = "provider"
    WEBHOOK = "webhook"


ID_FIELDS = {
    Subject.REQUEST: "request_id",
    Subject.CONTRACT: "contract_id",
    Subject.BUYER: "buyer_id",
    Subject.PROVIDER: "provider_id",
    Subject.WEBHOOK: "webhook_id",
}
"""The event's field that names the subject; an invitation is found by who is told."""


@dataclass(frozen=True, slots=True)
class ForBuyer:
    """All that a text for a buyer is made from: its own words, and how many providers have them or decline.

    ``provider`` is a name only in the events ``AFTER_THE_OPENING``. ``waits``: the request waits for verification.
    """

    title: str = ""
    lots: str = ""
    provider: str = ""
    invited: int = 0
    declined: int = 0
    waits: bool = False


@dataclass(frozen=True, slots=True)
class ForProvider:
    """All that a text for a provider is made from: the buyer's name for this request alone, and its own lots.

    ``requests``: how many of them a digest is about.
    """

    pseudonym: str = ""
    lots: str = ""
    requests: int = 0


@dataclass(frozen=True, slots=True)
class ForPlatform:
    """All that a text for the platform is made from. Who a buyer is, is not in it: reading that is recorded."""

    provider: str = ""


Facts = ForBuyer | ForProvider | ForPlatform
FACTS: Mapping[Audience, type[Facts]] = {
    Audience.BUYER: ForBuyer,
    Audience.INVITED: ForProvider,
    Audience.CALLED: ForProvider,
    Audience.PROVIDER: ForProvider,
    Audience.PLATFORM: ForPlatform,
}

AFTER_THE_OPENING = frozenset(
    {
        "identity.disclosed",
        "disclosure.read",
        "award.confirmed",
        "award.declined",
        "award.confirmation_missed",
        "lots.returned",
        "terms.presented",
        "terms.accepted",
        "terms.refused",
        "negotiation.proposed",
        "negotiation.agreed",
        "discounts.recomputed",
        "contract.made",
        "contract.notice_window_opened",
    }
)
"""The events that happen when the buyer knows the bidders, so that a provider's name may be told to it."""


@dataclass(frozen=True, slots=True)
class Row:
    """What one event tells one audience. ``title`` and ``text`` are filled from the audience's facts.

    ``per`` names the fields of the event (dotted paths) that make one notice: a request's 300 lots that open tell
    once. Empty: every event has its own. ``renews``: an event more makes the notice new again and counts it; otherwise
    the first tells.
    ``if_event`` and ``if_facts``: it tells only where they hold. ``urgent``: tomorrow it would be of no use.
    """

    event: str
    audience: Audience
    severity: Severity
    subject: Subject
    title: str
    text: str
    per: tuple[str, ...] = ()
    renews: bool = False
    if_event: Callable[[Data], bool] = lambda _data: True
    if_facts: Callable[[Data, Facts], bool] = lambda _data, _facts: True
    urgent: bool = False

    @property
    def urgency(self) -> Urgency:
        """How soon it is told: what is only to know may wait for the day's digest."""
        if self.urgent:
            return Urgency.NOW
        return Urgency.LATER if self.severity is Severity.INFO else Urgency.SOON


def _waits(_data: Data, facts: Facts) -> bool:
    return isinstance(facts, ForBuyer) and facts.waits


def _is_news(data: Data, facts: Facts) -> bool:
    """A later distribution that reaches nobody new is none."""
    return isinstance(facts, ForBuyer) and (bool(data["count"]) or not facts.invited)


def _is_urgent(data: Data) -> bool:
    """What waits for the provider's digest is told there."""
    return not data.get("digest")


def _by_provider(data: Data) -> bool:
    return bool(data["side"] == "provider")


def _of_a_buyer(data: Data) -> bool:
    return data["buyer_id"] is not None


def _of_a_provider(data: Data) -> bool:
    return data["provider_id"] is not None


def _of_the_platform(data: Data) -> bool:
    return not _of_a_buyer(data) and not _of_a_provider(data)


def _by_buyer(data: Data) -> bool:
    return bool(data["side"] == "buyer")


def _is_open_bid(data: Data) -> bool:
    """While bids are sealed, not even that there is one is told."""
    return data["event"]["amount"] is not None


_BUYER, _INVITED, _PROVIDER, _PLATFORM = Audience.BUYER, Audience.INVITED, Audience.PROVIDER, Audience.PLATFORM
_INFO, _ACTION, _WARNING = Severity.INFO, Severity.ACTION, Severity.WARNING
_PER_REQUEST = ("request_id",)
_PER_STEP = ("request_id", "event.at")
"""Once for all lots that one step of the clock or of the platform moved."""

_REGISTRATION = (
    Row(
        "buyer.registered",
        _BUYER,
        _INFO,
        Subject.BUYER,
        "Welcome",
        "You can write and submit requests now. Providers see them once your organization is verified.",
    ),
    Row(
        "buyer.verification_requested",
        _PLATFORM,
        _ACTION,
        Subject.BUYER,
        "A buyer asks to be verified",
        "Its evidence waits for a decision.",
    ),
    Row(
        "buyer.flagged",
        _PLATFORM,
        _ACTION,
        Subject.BUYER,
        "A verification needs a second pair of eyes",
        "An admin wants another admin to decide this case.",
    ),
    Row(
        "buyer.verified",
        _BUYER,
        _INFO,
        Subject.BUYER,
        "Your organization is verified",
        "Requests that waited for this are published now.",
    ),
    Row(
        "buyer.rejected",
        _BUYER,
        _WARNING,
        Subject.BUYER,
        "Your organization was not verified",
        "The reason stands with your registration. Complete your evidence and ask again.",
    ),
    Row(
        "buyer.verification_revoked",
        _BUYER,
        _WARNING,
        Subject.BUYER,
        "Your organization is no longer verified",
        "Your open requests take no bids until it is verified again.",
    ),
    Row(
        "buyer.verification_expiry_neared",
        _BUYER,
        _ACTION,
        Subject.BUYER,
        "Your verification expires soon",
        "Have your organization verified again before it does, or your requests take no bids.",
    ),
    Row(
        "buyer.verification_expired",
        _BUYER,
        _WARNING,
        Subject.BUYER,
        "Your verification has expired",
        "Your open requests take no bids until your organization is verified again.",
    ),
    Row(
        "identity.read",
        _BUYER,
        _INFO,
        Subject.BUYER,
        "The platform read your identity",
        "Who read it and when stands with your registration.",
        per=("buyer_id",),
        renews=True,
    ),
    Row(
        "provider.registered",
        _PLATFORM,
        _ACTION,
        Subject.PROVIDER,
        "A provider asks to be approved",
        "{provider} registered and waits for a decision.",
    ),
    Row(
        "provider.approved",
        _PROVIDER,
        _INFO,
        Subject.PROVIDER,
        "You are approved",
        "You receive the requests that your filters accept from now on.",
    ),
    Row(
        "provider.suspended",
        _PROVIDER,
        _WARNING,
        Subject.PROVIDER,
        "You are suspended",
        "You receive and open no requests for the time being. The reason stands with your registration.",
    ),
    Row(
        "provider.closed",
        _PROVIDER,
        _WARNING,
        Subject.PROVIDER,
        "Your registration has ended",
        "The reason stands with your registration.",
    ),
)

_REQUESTS = (
    Row(
        "request.submitted",
        _BUYER,
        _INFO,
        Subject.REQUEST,
        "Waiting for verification",
        "“{title}” is submitted. It is published by itself once your organization is verified.",
        if_facts=_waits,
    ),
    Row(
        "request.lapsed",
        _BUYER,
        _ACTION,
        Subject.REQUEST,
        "A closing time has passed",
        "“{title}” is a draft again: it closed before your organization was verified. Set a new time and submit it.",
    ),
    Row(
        "request.published",
        _BUYER,
        _INFO,
        Subject.REQUEST,
        "Published",
        "“{title}” is published. Providers see it without your name.",
    ),
    Row(
        "request.distributed",
        _BUYER,
        _INFO,
        Subject.REQUEST,
        "Given to providers",
        "Providers that have received “{title}”: {invited}.",
        per=_PER_REQUEST,
        renews=True,
        if_facts=_is_news,
    ),
    Row(
        "provider.invited",
        _PROVIDER,
        _ACTION,
        Subject.INVITATION,
        "A new request",
        "You received the request of {pseudonym}.",
        if_event=_is_urgent,
    ),
    Row(
        "digest.made",
        _PROVIDER,
        _ACTION,
        Subject.PROVIDER,
        "Your digest",
        "New requests since the last one that you have not opened: {requests}.",
    ),
    Row(
        "invitation.declined",
        _BUYER,
        _INFO,
        Subject.REQUEST,
        "Providers decline",
        "{declined} of {invited} providers decline “{title}”.",
        per=_PER_REQUEST,
        renews=True,
    ),
    Row(
        "request.amended",
        _INVITED,
        _ACTION,
        Subject.INVITATION,
        "A request was amended",
        "{pseudonym} changed its request. A bid made before stands on the earlier version.",
    ),
    Row(
        "question.asked",
        _BUYER,
        _ACTION,
        Subject.REQUEST,
        "A carrier asks",
        "Questions on “{title}” wait for your answer.",
        per=_PER_REQUEST,
        renews=True,
    ),
    Row(
        "question.answered",
        _INVITED,
        _INFO,
        Subject.INVITATION,
        "A question was answered",
        "{pseudonym} answered a question on its request, to all invited carriers.",
    ),
    Row(
        "answer.changed",
        _INVITED,
        _INFO,
        Subject.INVITATION,
        "An answer changed",
        "{pseudonym} changed what it had told all invited carriers about its request.",
    ),
    Row(
        "clarification.published",
        _INVITED,
        _INFO,
        Subject.INVITATION,
        "A clarification",
        "{pseudonym} told all invited carriers more about its request.",
    ),
    Row(
        "question.declined",
        _PROVIDER,
        _INFO,
        Subject.INVITATION,
        "Your question is not answered",
        "{pseudonym} does not answer a question of yours, and says why.",
    ),
    Row(
        "request.withdrawn",
        _INVITED,
        _WARNING,
        Subject.INVITATION,
        "A request was withdrawn",
        "{pseudonym} took its request back.",
    ),
    Row(
        "request.suspended",
        _BUYER,
        _WARNING,
        Subject.REQUEST,
        "A request is suspended",
        "“{title}” takes no bids for the time being.",
    ),
    Row(
        "request.suspended",
        _INVITED,
        _WARNING,
        Subject.INVITATION,
        "A request is suspended",
        "The request of {pseudonym} takes no bids for the time being.",
    ),
    Row("request.resumed", _BUYER, _INFO, Subject.REQUEST, "A request goes on", "“{title}” takes bids again."),
    Row(
        "request.resumed",
        _INVITED,
        _ACTION,
        Subject.INVITATION,
        "A request goes on",
        "The request of {pseudonym} takes bids again.",
    ),
    Row(
        "request.not_awarded",
        _BUYER,
        _WARNING,
        Subject.REQUEST,
        "Ended without an award",
        "“{title}” ended without an award.",
    ),
)

_CLOCK_CHANGES = (
    ("auction.paused", _WARNING, "Bidding is paused", "No bids are taken on {what} until it goes on."),
    ("auction.resumed", _ACTION, "Bidding goes on", "Bids are taken again on {what}, with the time lost added."),
    ("auction.extended", _INFO, "A close moved", "Bids are taken longer on {what}."),
    ("auction.rescheduled", _INFO, "A lot moved", "A lot of {what} opens at another time."),
)
"""What moves an auction's clock: event, severity, title and text, told to the buyer and to all that are invited."""

_AUCTIONS = (
    Row(
        "auction.announced",
        _BUYER,
        _INFO,
        Subject.REQUEST,
        "The platform announced something",
        "There is an announcement on “{title}”.",
    ),
    Row(
        "auction.announced",
        _INVITED,
        _INFO,
        Subject.INVITATION,
        "The platform announced something",
        "There is an announcement on the request of {pseudonym}.",
    ),
    Row(
        "auction.opened",
        _BUYER,
        _INFO,
        Subject.REQUEST,
        "Bids are taken",
        "“{title}” takes bids now.",
        per=_PER_REQUEST,
    ),
    Row(
        "auction.opened",
        _INVITED,
        _ACTION,
        Subject.INVITATION,
        "Bids are taken",
        "The request of {pseudonym} takes bids now.",
        per=_PER_REQUEST,
        urgent=True,
    ),
    Row(
        "bid.placed",
        _BUYER,
        _INFO,
        Subject.REQUEST,
        "New bids",
        "There are new bids on “{title}”.",
        per=_PER_REQUEST,
        renews=True,
        if_event=_is_open_bid,
    ),
    Row(
        "auction.closed",
        _BUYER,
        _INFO,
        Subject.REQUEST,
        "Bidding is over",
        "“{title}” takes no more bids.",
        per=_PER_REQUEST,
    ),
    Row(
        "auction.closed",
        _INVITED,
        _INFO,
        Subject.INVITATION,
        "Bidding is over",
        "The request of {pseudonym} takes no more bids.",
        per=_PER_REQUEST,
    ),
    Row(
        "auction.bids_opened",
        _BUYER,
        _ACTION,
        Subject.REQUEST,
        "The bids are open",
        "Compare the bids on “{title}” and decide.",
        per=_PER_REQUEST,
    ),
    *(
        Row(event, audience, severity, subject, title, text.format(what=what), per=_PER_STEP, urgent=True)
        for event, severity, title, text in _CLOCK_CHANGES
        for audience, subject, what in (
            (_BUYER, Subject.REQUEST, "“{title}”"),
            (_INVITED, Subject.INVITATION, "the request of {pseudonym}"),
        )
    ),
    Row(
        "bid.withdrawal_requested",
        _BUYER,
        _ACTION,
        Subject.REQUEST,
        "A bid is called an error",
        "A bidder on “{title}” asks you to take its bid out.",
        urgent=True,
    ),
    Row(
        "bid.retracted",
        _INVITED,
        _INFO,
        Subject.INVITATION,
        "A bid was withdrawn",
        "A bid on the request of {pseudonym} was an error and no longer stands.",
    ),
    Row(
        "auction.final_offers_called",
        Audience.CALLED,
        _ACTION,
        Subject.INVITATION,
        "Your best and final offer",
        "The request of {pseudonym} asks you for one last offer.",
        urgent=True,
    ),
)


_PER_INSTANT = ("request_id", "at")
"""Once for all lots that open, or close, at one instant, however often its reminder is told."""
_SOON = (
    ("request.opening_day_reached", False, "Bids are taken soon", "Bids on {what} are taken within a day: {lots}."),
    ("request.opening_minutes_reached", True, "Bids are taken in minutes", "Bids on {what} are taken soon: {lots}."),
    ("request.last_day_reached", False, "Bidding ends soon", "Bidding on {what} ends within a day: {lots}."),
    (
        "request.last_minutes_reached",
        True,
        "Bidding ends in minutes",
        "Bidding on {what} ends in 15 minutes: {lots}.",
    ),
)
"""What is near: event, whether it can't wait, title and text, told to the buyer and to all that are invited."""

_REMINDERS = (
    *(
        Row(
            event,
            audience,
            severity,
            subject,
            title,
            text.replace("{what}", what),
            per=_PER_INSTANT,
            urgent=urgent,
        )
        for event, urgent, title, text in _SOON
        for audience, severity, subject, what in (
            (_BUYER, _INFO, Subject.REQUEST, "“{title}”"),
            (_INVITED, _ACTION, Subject.INVITATION, "the request of {pseudonym}"),
        )
    ),
    Row(
        "request.bid_lapse_neared",
        _BUYER,
        _ACTION,
        Subject.REQUEST,
        "Bids lapse soon",
        "A bid on “{title}” is valid for three days more. Decide while you may still choose it.",
        per=_PER_INSTANT,
    ),
    Row(
        "award.answer_neared",
        _PROVIDER,
        _ACTION,
        Subject.INVITATION,
        "Confirm your award",
        "Your time to confirm your award in the request of {pseudonym} ends within a day: {lots}.",
        urgent=True,
    ),
)

_DEALS = (
    Row(
        "award.proposed",
        _BUYER,
        _ACTION,
        Subject.REQUEST,
        "A selection waits for a second user",
        "A selection in “{title}” is above what one user may award: another one has to approve or reject it.",
    ),
    Row(
        "award.rejected",
        _BUYER,
        _ACTION,
        Subject.REQUEST,
        "A selection was not approved",
        "The selection in “{title}” was rejected: its lots wait for a decision again.",
    ),
    Row("award.made", _BUYER, _INFO, Subject.REQUEST, "Decided", "Awarded in “{title}”: {lots}."),
    Row(
        "award.won",
        _PROVIDER,
        _ACTION,
        Subject.INVITATION,
        "You won",
        "Yours in the request of {pseudonym}: {lots}. Confirm the award. You may read who the buyer is.",
    ),
    Row(
        "award.lost",
        _PROVIDER,
        _INFO,
        Subject.INVITATION,
        "Not selected",
        "Your bid on the request of {pseudonym} was not selected.",
    ),
    Row(
        "identity.disclosed",
        _BUYER,
        _INFO,
        Subject.REQUEST,
        "Your identity was disclosed",
        "{provider} may read who you are: it won in “{title}”.",
    ),
    Row(
        "disclosure.read",
        _BUYER,
        _INFO,
        Subject.REQUEST,
        "Your identity was read",
        "{provider} read who you are.",
        per=("request_id", "provider_id"),
        renews=True,
    ),
    Row(
        "award.confirmed",
        _BUYER,
        _ACTION,
        Subject.REQUEST,
        "An award was confirmed",
        "{provider} confirmed its award in “{title}”: you can accept its terms now.",
    ),
    Row(
        "discounts.recomputed",
        _BUYER,
        _WARNING,
        Subject.CONTRACT,
        "Discounts changed",
        "A lot of your award in “{title}” came back, and so {provider} grants other discounts: read its figures again"
        " before you accept.",
    ),
    Row(
        "award.declined",
        _BUYER,
        _WARNING,
        Subject.REQUEST,
        "An award was declined",
        "{provider} declined its award in “{title}”; its lots come back to you: {lots}.",
    ),
    Row(
        "award.confirmation_missed",
        _BUYER,
        _ACTION,
        Subject.REQUEST,
        "An award is not confirmed",
        "{provider} has not confirmed its award in “{title}” in time: you may take these lots back: {lots}.",
    ),
    Row(
        "award.confirmation_missed",
        _PROVIDER,
        _WARNING,
        Subject.INVITATION,
        "Your award is overdue",
        "You have not confirmed your award in the request of {pseudonym}: the buyer may take its lots back.",
    ),
    Row(
        "lots.returned",
        _BUYER,
        _ACTION,
        Subject.REQUEST,
        "Lots are yours again",
        "The award to {provider} fell through. To be decided again in “{title}”: {lots}.",
    ),
    Row(
        "terms.presented",
        _BUYER,
        _ACTION,
        Subject.CONTRACT,
        "Terms wait for you",
        "Read the terms of {provider} for “{title}” and accept or refuse them.",
    ),
    Row(
        "terms.accepted",
        _PROVIDER,
        _INFO,
        Subject.CONTRACT,
        "Your terms were accepted",
        "The buyer of your award in the request of {pseudonym} accepted your terms.",
    ),
    Row(
        "terms.refused",
        _PROVIDER,
        _WARNING,
        Subject.CONTRACT,
        "Your terms were refused",
        "The buyer of your award in the request of {pseudonym} refused your terms; your lots went back to it.",
    ),
    Row(
        "terms.withdrawn",
        _PROVIDER,
        _WARNING,
        Subject.CONTRACT,
        "Lots of yours went back",
        "Your award in the request of {pseudonym} ended without a contract. Back with the buyer: {lots}.",
    ),
    Row(
        "negotiation.proposed",
        _BUYER,
        _ACTION,
        Subject.CONTRACT,
        "Changes to terms are proposed",
        "{provider} proposes changes to its terms for “{title}”: accept or counter them.",
        if_event=_by_provider,
    ),
    Row(
        "negotiation.proposed",
        _PROVIDER,
        _ACTION,
        Subject.CONTRACT,
        "Changes to your terms are proposed",
        "The buyer of your award in the request of {pseudonym} proposes changes to your terms: accept or counter them.",
        if_event=_by_buyer,
    ),
    Row(
        "negotiation.agreed",
        _BUYER,
        _INFO,
        Subject.CONTRACT,
        "Changes to terms are agreed",
        "{provider} accepted your changes to its terms for “{title}”.",
        if_event=_by_provider,
    ),
    Row(
        "negotiation.agreed",
        _PROVIDER,
        _INFO,
        Subject.CONTRACT,
        "Changes to your terms are agreed",
        "The buyer of your award in the request of {pseudonym} accepted your changes.",
        if_event=_by_buyer,
    ),
    Row(
        "contract.made",
        _BUYER,
        _INFO,
        Subject.CONTRACT,
        "A contract was made",
        "Your contract with {provider} on “{title}” is made.",
    ),
    Row(
        "contract.notice_window_opened",
        _BUYER,
        _ACTION,
        Subject.CONTRACT,
        "Decide on notice",
        "The notice window of your contract with {provider} on “{title}” is open; the contract names its last day.",
    ),
    Row(
        "contract.made",
        _PROVIDER,
        _INFO,
        Subject.CONTRACT,
        "A contract was made",
        "Your contract from the request of {pseudonym} is made.",
    ),
)

_ACCOUNTS = tuple(
    Row(event, audience, severity, subject, title, text, per=("intervention_id",), if_event=concerned)
    for audience, subject, concerned in (
        (_BUYER, Subject.BUYER, _of_a_buyer),
        (_PROVIDER, Subject.PROVIDER, _of_a_provider),
    )
    for event, severity, title, text in (
        (
            "user.suspended",
            _WARNING,
            "Users of yours are suspended",
            (
                "The platform keeps users of your organization out: they cannot sign in, their sessions have ended"
                " and their API keys rest. What runs goes on. Ask the platform's desk why, and to have it taken back."
            ),
        ),
        (
            "user.reinstated",
            _INFO,
            "Suspended users may sign in again",
            "The platform lets the users of your organization in again that it had suspended; their API keys work.",
        ),
    )
)

_MACHINES = tuple(
    Row(
        "webhook.disabled",
        audience,
        _WARNING,
        Subject.WEBHOOK,
        "A webhook is disabled",
        "Your own system does not take our messages any more: none are sent to it until you make the webhook active"
        " again. GET /events has what it missed.",
        if_event=concerned,
    )
    for audience, concerned in ((_BUYER, _of_a_buyer), (_PROVIDER, _of_a_provider), (_PLATFORM, _of_the_platform))
)

ROWS: tuple[Row, ...] = (
    *_REGISTRATION,
    *_REQUESTS,
    *_AUCTIONS,
    *_REMINDERS,
    *_DEALS,
    *_ACCOUNTS,
    *_MACHINES,
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
    "desk_address.set": _OWN_DOING,
    "desk_address.confirmed": _OWN_DOING,
    "bid.withdrawn": "only sealed bids are withdrawn, and of those nobody may know",
}
"""Events that were looked at and tell nobody, and why. An event is here or in ``ROWS``."""

_BY_EVENT: Mapping[str, tuple[Row, ...]] = {
    name: tuple(row for row in ROWS if row.event == name) for name in {row.event for row in ROWS}
}
EVENTS = frozenset(_BY_EVENT)
_LOTS_NAMED = 5


def rows_of(event: str) -> tuple[Row, ...]:
    """Return whom ``event`` tells what; nobody anything unless the table says so."""
    return _BY_EVENT.get(event, ())


def words(row: Row, facts: Facts) -> tuple[str, str]:
    """Return title and text of a notice. Raises KeyError when ``row`` asks for what its audience may not know."""
    known = {name: getattr(facts, name) for name in facts.__slots__}
    return row.title.format_map(known), row.text.format_map(known)


def lots_in_words(refs: tuple[str, ...]) -> str:
    """Return lot references as they stand in a sentence: named while they are few, else counted."""
    if not refs:
        return "no lot"
    return ", ".join(refs) if len(refs) <= _LOTS_NAMED else f"{len(refs)} lots"
