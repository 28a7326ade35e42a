"""Notices of auctions while they run."""

from notifications.row import ACTION, BUYER, INFO, INVITED, PER_REQUEST, WARNING, Audience, Data, Row, Subject


def _is_open_bid(data: Data) -> bool:
    """While bids are sealed, not even that there is one is told."""
    return data["event"]["amount"] is not None


_PER_STEP = ("request_id", "event.at")
"""Once for all lots that one step of the clock or of the platform moved."""

_CLOCK_CHANGES = (
    ("auction.paused", WARNING, "Bidding is paused", "No bids are taken on {what} until it goes on."),
    ("auction.resumed", ACTION, "Bidding goes on", "Bids are taken again on {what}, with the time lost added."),
    ("auction.extended", INFO, "A close moved", "Bids are taken longer on {what}."),
    ("auction.rescheduled", INFO, "A lot moved", "A lot of {what} opens at another time."),
)
"""What moves an auction's clock: event, severity, title and text, told to the buyer and to all that are invited."""

ROWS: tuple[Row, ...] = (
    Row(
        "auction.announced",
        BUYER,
        INFO,
        Subject.REQUEST,
        "The platform announced something",
        "There is an announcement on “{title}”.",
    ),
    Row(
        "auction.announced",
        INVITED,
        INFO,
        Subject.INVITATION,
        "The platform announced something",
        "There is an announcement on the request of {pseudonym}.",
    ),
    Row(
        "auction.opened",
        BUYER,
        INFO,
        Subject.REQUEST,
        "Bids are taken",
        "“{title}” takes bids now.",
        per=PER_REQUEST,
    ),
    Row(
        "auction.opened",
        INVITED,
        ACTION,
        Subject.INVITATION,
        "Bids are taken",
        "The request of {pseudonym} takes bids now.",
        per=PER_REQUEST,
        urgent=True,
    ),
    Row(
        "bid.placed",
        BUYER,
        INFO,
        Subject.REQUEST,
        "New bids",
        "There are new bids on “{title}”.",
        per=PER_REQUEST,
        renews=True,
        if_event=_is_open_bid,
    ),
    Row(
        "auction.closed",
        BUYER,
        INFO,
        Subject.REQUEST,
        "Bidding is over",
        "“{title}” takes no more bids.",
        per=PER_REQUEST,
    ),
    Row(
        "auction.closed",
        INVITED,
        INFO,
        Subject.INVITATION,
        "Bidding is over",
        "The request of {pseudonym} takes no more bids.",
        per=PER_REQUEST,
    ),
    Row(
        "auction.bids_opened",
        BUYER,
        ACTION,
        Subject.REQUEST,
        "The bids are open",
        "Compare the bids on “{title}” and decide.",
        per=PER_REQUEST,
    ),
    *(
        Row(event, audience, severity, subject, title, text.format(what=what), per=_PER_STEP, urgent=True)
        for event, severity, title, text in _CLOCK_CHANGES
        for audience, subject, what in (
            (BUYER, Subject.REQUEST, "“{title}”"),
            (INVITED, Subject.INVITATION, "the request of {pseudonym}"),
        )
    ),
    Row(
        "bid.withdrawal_requested",
        BUYER,
        ACTION,
        Subject.REQUEST,
        "A bid is called an error",
        "A bidder on “{title}” asks you to take its bid out.",
        urgent=True,
    ),
    Row(
        "bid.retracted",
        INVITED,
        INFO,
        Subject.INVITATION,
        "A bid was withdrawn",
        "A bid on the request of {pseudonym} was an error and no longer stands.",
    ),
    Row(
        "auction.final_offers_called",
        Audience.CALLED,
        ACTION,
        Subject.INVITATION,
        "Your best and final offer",
        "The request of {pseudonym} asks you for one last offer.",
        urgent=True,
    ),
)
