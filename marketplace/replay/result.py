"""What a replay did: one record an application, and their sums."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from marketplace.standards.erate import ErateMapping
from marketplace.standards.erate_filters import RecallReport


@dataclass(frozen=True, slots=True)
class Played:
    """One application from registration to contract.

    ``attempt`` counts requests: 2 means that the first one closed without the real bid. ``invited`` are providers,
    bids and awards are counted by lot. ``accepted_findings`` are the words that the leak check found and the buyer
    took responsibility for.
    """

    application: str
    attempt: int
    sites: int
    lines: int
    lots: int
    invited: int
    winners: int
    winners_invited: int
    real_bids: int
    synthetic_bids: int
    awards: int
    contracts: int
    accepted_findings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Failure:
    """An application that did not reach its contract, at which step, and why."""

    application: str
    step: str
    reason: str


@dataclass(frozen=True, slots=True)
class Replayed:
    """A whole replay."""

    played: tuple[Played, ...]
    failures: tuple[Failure, ...]
    seconds: float


def totals(replayed: Replayed, mapping: ErateMapping, found: RecallReport) -> dict[str, Any]:
    """Return a replay as JSON values: sums, failures, rows that were left out, and how well filters find winners."""
    played = replayed.played
    return {
        "applications": len(played) + len(replayed.failures),
        "completed": len(played),
        "sites": _sum(played, "sites"),
        "lines": _sum(played, "lines"),
        "lots": _sum(played, "lots"),
        "invitations": _sum(played, "invited"),
        "bids_real": _sum(played, "real_bids"),
        "bids_synthetic": _sum(played, "synthetic_bids"),
        "awards": _sum(played, "awards"),
        "contracts": _sum(played, "contracts"),
        "asked_again": sum(one.attempt > 1 for one in played),
        "accepted_findings": [
            {"application": one.application, "text": text} for one in played for text in one.accepted_findings
        ],
        "seconds": round(replayed.seconds, 1),
        "failures": [
            {"application": one.application, "step": one.step, "reason": one.reason} for one in replayed.failures
        ],
        "unmapped_rows": [{"row": one.row, "line": one.line, "reason": one.reason} for one in mapping.unmapped],
        "winner_invited": sum(one.winners_invited == one.winners for one in played),
        "leave_one_out": {
            "applications": found.applications,
            "found": found.applications_found,
            "learnable": found.applications_learnable,
            "recall": _share(found.recall),
            "recall_learnable": _share(found.recall_learnable),
            "mean_invited": _share(found.mean_invited),
            "mean_share": _share(found.mean_share),
        },
    }


def _sum(played: Sequence[Played], name: str) -> int:
    return sum(getattr(one, name) for one in played)


def _share(number: Decimal) -> str:
    return f"{number:f}"
