"""Digests: invitations of filters that want to be told once a day, collected as they come and told together."""

from collections import Counter
from collections.abc import Mapping, Sequence

from buyers.requests import service as requests
from marketplace.kernel import alarms
from marketplace.kernel.alarms import Ring
from marketplace.kernel.ids import OrganizationId
from marketplace.kernel.journal import Recorded
from marketplace.kernel.work import Reaction, Work
from matching import rules
from notifications import events, store
from sellers import service as sellers
from sellers.model import InvitationStatus

ALARM = "digests"


def collect(work: Work, recorded: Recorded) -> None:
    """Keep an invitation for its provider's next digest, if that is how the filter wants it told."""
    collect_together(work, (recorded,))


def collect_together(work: Work, invited: Sequence[Recorded]) -> None:
    """Keep many at once."""
    waiting = [(one.data["provider_id"], one.data["invitation_id"]) for one in invited if one.data.get("digest")]
    if waiting:
        store.keep_for_digest(work, waiting)
        alarms.set_alarm(work, ALARM, "daily", rules.next_digest(work.now))


def ring(work: Work, _key: str) -> None:
    """Make the digests of all providers. What was opened, or has closed, meanwhile is news no more."""
    approved = set(sellers.approved(work))
    still_open = requests.open_closes(work, work.now)
    news = Counter(
        one.provider_id
        for one in sellers.invitations_named(work, store.take_for_digest(work))
        if one.status is InvitationStatus.RECEIVED and one.request_id in still_open and one.provider_id in approved
    )
    work.append_all([events.DigestMade(OrganizationId(one), count) for one, count in sorted(news.items())])


REACTIONS = (Reaction("digests are collected", frozenset({"provider.invited"}), collect, together=collect_together),)
RINGS: Mapping[str, Ring] = {ALARM: ring}
