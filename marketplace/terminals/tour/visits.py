"""A visitor's way through a tour: the cookie that holds it, how often pages may be asked for, the steps at the top."""

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from marketplace.identity.rules import client_network
from marketplace.kernel.clock import machine_now
from marketplace.kernel.rate_limits import RateLimit
from marketplace.terminals import pages
from marketplace.terminals.tour import sealed, story
from marketplace.terminals.tour.model import LARGEST_SEED, LIFETIME, Kind, Role, Tour
from marketplace.terminals.tour.story import Scene

STEPS: dict[Role, tuple[str, ...]] = {
    Role.BUYER: ("need", "anonymity", "rules", "auction", "award", "result"),
    Role.CARRIER: ("inbox", "request", "sheet", "auction", "result"),
}
"""The pages of each role's story, in order."""
_FREE = {Role.BUYER: "rules", Role.CARRIER: "sheet"}
"""The last page that can be read before the market opens."""
_LIMIT = RateLimit("tour", 10, 200)
"""A page of the tour is a whole replay: so many a second for one address."""


def begun(role: Role) -> Tour:
    """Return a fresh tour that begins now."""
    now = machine_now()
    return Tour(secrets.randbelow(LARGEST_SEED), role, now.replace(microsecond=now.microsecond // 1000 * 1000))


def tour_of(request: Request, role: Role) -> Tour | None:
    """Return the tour that the visitor's browser holds; None without one. Raises TooManyRequestsError."""
    _LIMIT.take(client_network(request.client.host if request.client else ""), machine_now())
    return sealed.unpack(request.cookies.get(_cookie(role), ""), role, _seal(request), machine_now())


def kept(request: Request, tour: Tour, response: Response) -> Response:
    """Let the browser hold ``tour``, out of reach of scripts, for its role's pages alone, until it expires."""
    response.set_cookie(
        _cookie(tour.role),
        sealed.pack(tour, _seal(request)),
        max_age=int(LIFETIME.total_seconds()),
        path=_path(tour.role),
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
    return response


def moved(request: Request, role: Role, kind: Kind, text: str, then: str) -> Response:
    """Make a move and go to the page of step ``then``. Raises what ``story.made`` does."""
    tour = tour_of(request, role)
    if tour is None:
        return over(request)
    return kept(request, story.made(tour, kind, text, machine_now()), pages.see(f"{_path(role)}/{then}"))


def arrived(request: Request, role: Role, step: str) -> tuple[Scene | None, Response | None]:
    """Return the scene for the page of ``step``, or the way to the page that the tour has come to."""
    tour = tour_of(request, role)
    if tour is None:
        return None, over(request)
    scene = story.scene(tour, machine_now())
    order = STEPS[role]
    furthest = max(order.index(scene.step), order.index(_FREE[role]) if scene.play is not None else 0)
    if order.index(step) > furthest:
        return None, RedirectResponse(f"{_path(role)}/{scene.step}", 303)
    return scene, None


def over(request: Request) -> Response:
    """Return the way to the beginning, for who has no tour or one that ended."""
    return pages.see("/tour", pages.said(request, "This tour is over. Nothing of it was kept: begin a new one."), "bad")


def steps(scene: Scene, current: str, labels: Sequence[str]) -> list[dict[str, Any]]:
    """Return the steps at the top of a page, for the kit."""
    order = STEPS[scene.tour.role]
    reached, here = order.index(scene.step), order.index(current)
    states = ("now" if at == here else "done" if at < max(reached, here) else "" for at in range(len(order)))
    base = _path(scene.tour.role)
    return [
        {"label": label, "href": f"{base}/{step}", "state": state}
        for step, label, state in zip(order, labels, states, strict=True)
    ]


def from_opening(seconds: int) -> datetime:
    """Return an instant that reads as the market's time since its opening, for charts."""
    return datetime.fromtimestamp(seconds, UTC)


def _seal(request: Request) -> sealed.Seal:
    seal: sealed.Seal = request.app.state.workshop.vault.sealer(sealed.PURPOSE)
    return seal


def _cookie(role: Role) -> str:
    return f"tour-{role}"


def _path(role: Role) -> str:
    return f"/tour/{role}"
