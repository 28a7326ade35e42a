"""Notices of requests, invitations, questions and digests."""

from notifications.row import (
    ACTION,
    BUYER,
    INFO,
    INVITED,
    PER_REQUEST,
    PROVIDER,
    WARNING,
    Data,
    Facts,
    ForBuyer,
    Row,
    Subject,
)


def _waits(_data: Data, facts: Facts) -> bool:
    return isinstance(facts, ForBuyer) and facts.waits


def _is_news(data: Data, facts: Facts) -> bool:
    """A later distribution that reaches nobody new is none."""
    return isinstance(facts, ForBuyer) and (bool(data["count"]) or not facts.invited)


def _is_urgent(data: Data) -> bool:
    """What waits for the provider's digest is told there."""
    return not data.get("digest")


ROWS: tuple[Row, ...] = (
    Row(
        "request.submitted",
        BUYER,
        INFO,
        Subject.REQUEST,
        "Waiting for verification",
        "“{title}” is submitted. It is published by itself once your organization is verified.",
        if_facts=_waits,
    ),
    Row(
        "request.lapsed",
        BUYER,
        ACTION,
        Subject.REQUEST,
        "A closing time has passed",
        "“{title}” is a draft again: it closed before your organization was verified. Set a new time and submit it.",
    ),
    Row(
        "request.published",
        BUYER,
        INFO,
        Subject.REQUEST,
        "Published",
        "“{title}” is published. Providers see it without your name.",
    ),
    Row(
        "request.distributed",
        BUYER,
        INFO,
        Subject.REQUEST,
        "Given to providers",
        "Providers that have received “{title}”: {invited}.",
        per=PER_REQUEST,
        renews=True,
        if_facts=_is_news,
    ),
    Row(
        "provider.invited",
        PROVIDER,
        ACTION,
        Subject.INVITATION,
        "A new request",
        "You received the request of {pseudonym}.",
        if_event=_is_urgent,
    ),
    Row(
        "digest.made",
        PROVIDER,
        ACTION,
        Subject.PROVIDER,
        "Your digest",
        "New requests since the last one that you have not opened: {requests}.",
    ),
    Row(
        "invitation.declined",
        BUYER,
        INFO,
        Subject.REQUEST,
        "Providers decline",
        "{declined} of {invited} providers decline “{title}”.",
        per=PER_REQUEST,
        renews=True,
    ),
    Row(
        "request.amended",
        INVITED,
        ACTION,
        Subject.INVITATION,
        "A request was amended",
        "{pseudonym} changed its request. A bid made before stands on the earlier version.",
    ),
    Row(
        "question.asked",
        BUYER,
        ACTION,
        Subject.REQUEST,
        "A carrier asks",
        "Questions on “{title}” wait for your answer.",
        per=PER_REQUEST,
        renews=True,
    ),
    Row(
        "question.answered",
        INVITED,
        INFO,
        Subject.INVITATION,
        "A question was answered",
        "{pseudonym} answered a question on its request, to all invited carriers.",
    ),
    Row(
        "answer.changed",
        INVITED,
        INFO,
        Subject.INVITATION,
        "An answer changed",
        "{pseudonym} changed what it had told all invited carriers about its request.",
    ),
    Row(
        "clarification.published",
        INVITED,
        INFO,
        Subject.INVITATION,
        "A clarification",
        "{pseudonym} told all invited carriers more about its request.",
    ),
    Row(
        "question.declined",
        PROVIDER,
        INFO,
        Subject.INVITATION,
        "Your question is not answered",
        "{pseudonym} does not answer a question of yours, and says why.",
    ),
    Row(
        "request.withdrawn",
        INVITED,
        WARNING,
        Subject.INVITATION,
        "A request was withdrawn",
        "{pseudonym} took its request back.",
    ),
    Row(
        "request.suspended",
        BUYER,
        WARNING,
        Subject.REQUEST,
        "A request is suspended",
        "“{title}” takes no bids for the time being.",
    ),
    Row(
        "request.suspended",
        INVITED,
        WARNING,
        Subject.INVITATION,
        "A request is suspended",
        "The request of {pseudonym} takes no bids for the time being.",
    ),
    Row("request.resumed", BUYER, INFO, Subject.REQUEST, "A request goes on", "“{title}” takes bids again."),
    Row(
        "request.resumed",
        INVITED,
        ACTION,
        Subject.INVITATION,
        "A request goes on",
        "The request of {pseudonym} takes bids again.",
    ),
    Row(
        "request.not_awarded",
        BUYER,
        WARNING,
        Subject.REQUEST,
        "Ended without an award",
        "“{title}” ended without an award.",
    ),
)
