"""How the machinery does: the journal and who follows it, alarms, signs of life, the database."""

from typing import Any

from fastapi import Request, Response

from marketplace.identity import control as identity
from marketplace.kernel import health as kernel
from marketplace.kernel.http import ReadingOnly
from marketplace.kernel.work import Reading
from marketplace.terminals import pages
from marketplace.terminals.backoffice.desk import PlatformAdmin

router = pages.router()

LATE_SECONDS = 30
"""A sign of life that is older means that nobody is there: the heart beats every few seconds."""
BEHIND = 500
"""A subscriber that is so many events behind does not keep up."""


@router.get("/o/health", summary="Jobs and health")
def show_health(request: Request, reading: ReadingOnly, _: PlatformAdmin) -> Response:
    """Show how the machinery does, again every five seconds."""
    return pages.render(request, "backoffice/health.html", **_context(request, reading))


def _context(request: Request, reading: Reading) -> dict[str, Any]:
    state = request.app.state
    found = kernel.health(reading, tuple(reaction.name for reaction in state.workshop.reactions.followers()))
    troubles = [one for one in found.followers if one.failures or one.behind > BEHIND]
    overdue = sum(one.overdue for one in found.alarms)
    quiet = [one for one in found.heartbeats if one.age_seconds > LATE_SECONDS]
    return {
        "found": found,
        "troubles": troubles,
        "behind": max((one.behind for one in found.followers), default=0),
        "overdue": overdue,
        "waiting": sum(one.waiting for one in found.alarms),
        "quiet": quiet,
        "no_heart": not found.heartbeats,
        "late_seconds": LATE_SECONDS,
        "most_behind": BEHIND,
        "sessions": identity.standing_sessions(reading),
        "desk_waiting": state.desk.waiting,
        "boards_waiting": state.boards.waiting,
    }
