"""Notices of times that are near."""

from notifications.row import ACTION, BUYER, INFO, INVITED, PROVIDER, Row, Subject

_PER_INSTANT = ("request_id", "at")
"""Once for all lots that open, or close, at one instant, however often its reminder is told."""
_SOON = (
    ("request.opening_day_reached", False, "Bids are taken soon", "Bids on {what} are taken within a day: {lots}."),
    ("request.opening_minutes_reached", True, "Bids are taken in minutes", "Bids on {what} are taken soon: {lots}."),
    ("request.last_day_reached", False, "Bidding ends soon", "Bidding on {what} ends within a day: {lots}."),
    ("request.last_minutes_reached", True, "Bidding ends in minutes", "Bidding on {what} ends in minutes: {lots}."),
)
"""What is near: event, whether it can't wait, title and text, told to the buyer and to all that are invited."""

ROWS: tuple[Row, ...] = (
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
            (BUYER, INFO, Subject.REQUEST, "“{title}”"),
            (INVITED, ACTION, Subject.INVITATION, "the request of {pseudonym}"),
        )
    ),
    Row(
        "request.bid_lapse_neared",
        BUYER,
        ACTION,
        Subject.REQUEST,
        "Bids lapse soon",
        "A bid on “{title}” is valid for three days more. Decide while you may still choose it.",
        per=_PER_INSTANT,
    ),
    Row(
        "award.answer_neared",
        PROVIDER,
        ACTION,
        Subject.INVITATION,
        "Confirm your award",
        "Your time to confirm your award in the request of {pseudonym} ends within a day: {lots}.",
        urgent=True,
    ),
)
