"""The events of the table in groups that a person can choose by, and which roles hear of a group by e-mail."""

from collections.abc import Mapping
from enum import StrEnum

from marketplace.kernel.principals import Kind, UserRole
from marketplace.kernel.texts import marked
from notifications.row import Audience, Row


class Group(StrEnum):
    """What a person chooses a channel for."""

    REQUESTS = "requests"
    QUESTIONS = "questions"
    AUCTIONS = "auctions"
    AWARDS = "awards"
    CONTRACTS = "contracts"
    IDENTITY = "identity"
    ACCOUNT = "account"
    PLATFORM = "platform"


NAMES: Mapping[Group, str] = {
    Group.REQUESTS: marked("Requests and invitations"),
    Group.QUESTIONS: marked("Questions and answers"),
    Group.AUCTIONS: marked("While an auction runs"),
    Group.AWARDS: marked("Awards"),
    Group.CONTRACTS: marked("Terms and contracts"),
    Group.IDENTITY: marked("Who learned who you are"),
    Group.ACCOUNT: marked("Verification and account"),
    Group.PLATFORM: marked("Platform work"),
}

_ALL = frozenset(UserRole)
_ADMINS = frozenset({UserRole.ADMIN})
ROLES: Mapping[Group, frozenset[UserRole]] = {
    Group.REQUESTS: _ALL - {UserRole.NEGOTIATOR},
    Group.QUESTIONS: _ALL - {UserRole.NEGOTIATOR},
    Group.AUCTIONS: _ALL,
    Group.AWARDS: _ALL,
    Group.CONTRACTS: _ALL - {UserRole.REQUESTER},
    Group.IDENTITY: _ADMINS,
    Group.ACCOUNT: _ADMINS,
    Group.PLATFORM: _ADMINS,
}
"""Who is told by e-mail unless it chooses otherwise; on the pages every user of an organization finds all notices."""

_EVENTS: Mapping[str, Group] = {
    "bid.placed": Group.AUCTIONS,
    "request.opening_day_reached": Group.AUCTIONS,
    "request.opening_minutes_reached": Group.AUCTIONS,
    "request.last_day_reached": Group.AUCTIONS,
    "request.last_minutes_reached": Group.AUCTIONS,
    "request.bid_lapse_neared": Group.AWARDS,
    "identity.read": Group.IDENTITY,
    "identity.disclosed": Group.IDENTITY,
    "disclosure.read": Group.IDENTITY,
}
_FAMILIES: Mapping[str, Group] = {
    "request": Group.REQUESTS,
    "digest": Group.REQUESTS,
    "invitation": Group.REQUESTS,
    "question": Group.QUESTIONS,
    "answer": Group.QUESTIONS,
    "clarification": Group.QUESTIONS,
    "auction": Group.AUCTIONS,
    "bid": Group.AUCTIONS,
    "award": Group.AWARDS,
    "lots": Group.AWARDS,
    "discounts": Group.AWARDS,
    "terms": Group.CONTRACTS,
    "negotiation": Group.CONTRACTS,
    "contract": Group.CONTRACTS,
    "buyer": Group.ACCOUNT,
    "webhook": Group.ACCOUNT,
    "user": Group.ACCOUNT,
}
"""By the part of an event's name before the point, where ``_EVENTS`` does not say otherwise."""


def group_of(row: Row) -> Group:
    """Return the group of a row of the table: what is for the platform is its work, whatever happened."""
    if row.audience is Audience.PLATFORM:
        return Group.PLATFORM
    family = row.event.partition(".")[0]
    if family == "provider":
        return Group.REQUESTS if row.event == "provider.invited" else Group.ACCOUNT
    return _EVENTS.get(row.event) or _FAMILIES.get(family, Group.ACCOUNT)


def kind_of(row: Row) -> Kind:
    """Return the kind of organization that a row of the table tells."""
    return {Audience.BUYER: Kind.BUYER, Audience.PLATFORM: Kind.PLATFORM}.get(row.audience, Kind.PROVIDER)
