"""Look-ups of what can be had where. They write nothing, and no provider learns of them."""

from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches

from marketplace.catalogue.model import Catalogue, covers
from marketplace.kernel.access import Kind, Principal
from marketplace.kernel.errors import FieldError, MalformedError
from marketplace.kernel.rate_limits import RateLimit
from marketplace.kernel.work import Reading
from matching.availability import rules
from matching.availability.directory import Keeper
from matching.availability.model import Located, PlaceAnswer, Question


@dataclass(frozen=True, slots=True)
class Found:
    """One place of a look-up: where it counts as being, and what can be had there."""

    located: Located
    answer: PlaceAnswer


def admit(limit: RateLimit, caller: Principal, now: datetime, places: int) -> dict[str, str]:
    """Count ``places`` that are looked up and return the header fields that tell what is left.

    A buyer's organization has one allowance, and each user of the platform another: enough for one's own sites, too
    little to draw a map of a private network. Raises TooManyRequestsError.
    """
    name = caller.user_id if caller.kind is Kind.PLATFORM else caller.organization_id
    return limit.take(name, now, min(places, limit.burst))


def look_up(reading: Reading, question: Question) -> tuple[Found, ...]:
    """Return what can be had at each place of a question, in its order.

    Places are compared in this process's memory: no address goes into the database or the journal.

    Raises MalformedError for a service type that the catalogue doesn't have.
    """
    directory = reading.memory.of(Keeper).directory(reading)
    asked: dict[str, list[str]] = {}
    for leaf in _leaves(directory.catalogue, question.service_type):
        asked.setdefault(directory.firsts[leaf], []).append(leaf)
    located = [rules.located(place) for place in question.places]
    answers: dict[tuple[int, ...], PlaceAnswer] = {}
    found = []
    for place, offers in zip(located, directory.find([place.keys for place in located]), strict=True):
        answer = answers.get(offers)
        if answer is None:
            here = [directory.shown[offer] for offer in offers]
            answer = answers[offers] = rules.answer(here, asked, question.minimum_mbps)
        found.append(Found(place, answer))
    return tuple(found)


def _leaves(catalogue: Catalogue, node: str) -> tuple[str, ...]:
    """Return the service types below a node, all without one."""
    if not node:
        return catalogue.codes()
    if node not in catalogue.nodes():
        close = get_close_matches(node, sorted(catalogue.nodes()), n=1)
        right = f"did you mean {close[0]!r}?" if close else "take one from the catalogue"
        message = f"{node!r} is no service type of the catalogue: {right}"
        raise MalformedError(errors=(FieldError("/service_type", message),))
    return tuple(code for code in catalogue.codes() if covers(node, code))
