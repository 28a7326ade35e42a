"""Notices of accounts that are kept out or let in again, and machines that are told."""

from notifications.row import BUYER, INFO, PLATFORM, PROVIDER, WARNING, Data, Row, Subject


def _of_a_buyer(data: Data) -> bool:
    return data["buyer_id"] is not None


def _of_a_provider(data: Data) -> bool:
    return data["provider_id"] is not None


def _of_the_platform(data: Data) -> bool:
    return not _of_a_buyer(data) and not _of_a_provider(data)


_PEOPLE = tuple(
    Row(event, audience, severity, subject, title, text, per=("intervention_id",), if_event=concerned)
    for audience, subject, concerned in (
        (BUYER, Subject.BUYER, _of_a_buyer),
        (PROVIDER, Subject.PROVIDER, _of_a_provider),
    )
    for event, severity, title, text in (
        (
            "user.suspended",
            WARNING,
            "Users of yours are suspended",
            (
                "The platform keeps users of your organization out: they cannot sign in, their sessions have ended"
                " and their API keys rest. What runs goes on. Ask the platform's desk why, and to have it taken back."
            ),
        ),
        (
            "user.reinstated",
            INFO,
            "Suspended users may sign in again",
            "The platform lets the users of your organization in again that it had suspended; their API keys work.",
        ),
    )
)

_MACHINES = tuple(
    Row(
        "webhook.disabled",
        audience,
        WARNING,
        Subject.WEBHOOK,
        "A webhook is disabled",
        "Your own system does not take our messages any more: none are sent to it until you make the webhook active"
        " again. GET /events has what it missed.",
        if_event=concerned,
    )
    for audience, concerned in ((BUYER, _of_a_buyer), (PROVIDER, _of_a_provider), (PLATFORM, _of_the_platform))
)

ROWS: tuple[Row, ...] = (*_PEOPLE, *_MACHINES)
