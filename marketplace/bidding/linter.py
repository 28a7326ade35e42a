"""The rule linter: what in a lot's rules can't work or would leak, why, and the nearest setting that is allowed."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from decimal import Decimal
from typing import Any

from marketplace.bidding.finding import Finding, Setting, Severity
from marketplace.bidding.formats.base import Format
from marketplace.bidding.formats.table import FORMATS
from marketplace.bidding.lint_figures import durations, figures, instants
from marketplace.bidding.rules import Base, Decrement, DecrementKind, FinalOffers, Option, Rules, ScoringKind, Ties
from marketplace.bidding.visibility import VISIBILITIES, Visibility

__all__ = ["Finding", "Setting", "Severity", "errors", "lint", "mended"]

_MOST_MENDS = 1_000
"""More than these in a row are a circle of settings, not a way to good ones."""
_OFF: Mapping[str, tuple[object, str]] = {
    "base": (Base.OWN, "use own"),
    "lead_buffer": (None, "leave it out"),
    "largest_change": (None, "leave it out"),
    "proxy": (False, "leave it out"),
    "soft_close": (None, "leave it out"),
    "starting_gate": (False, "leave it out"),
}
"""What only formats with visible steps know: how it is switched off, and that in words."""
_OWN_PARTS = ("decrement", "dutch", "japanese", "turns")
"""What only those formats take that ask for it."""
_NEAREST_TO: Mapping[str, object] = {
    "/decrement": Decrement(DecrementKind.PERCENT, Decimal(1)),
    "/disclosed": (),
    "/dutch/winners": 1,
    "/final_offers": FinalOffers(),
    "/base": Base.OWN,
    "/japanese/stop_at": 1,
    "/largest_change": None,
    "/lead_buffer": None,
    "/proxy": False,
    "/scoring/kind": ScoringKind.MONEY,
    "/soft_close": None,
    "/ties": Ties.ALLOWED,
}
"""What mends a format's own objection, where that is always the same; the rest needs a figure that the buyer knows."""


def lint(rules: Rules) -> tuple[Finding, ...]:
    """Return everything that can be said against announcing ``rules``, errors first, one finding a pointer."""
    found: dict[str, Finding] = {}
    for finding in sorted(_findings(rules), key=lambda finding: finding.severity is Severity.WARNING):
        found.setdefault(finding.pointer, finding)
    return tuple(found.values())


def errors(rules: Rules) -> tuple[Finding, ...]:
    """Return what stands against announcing ``rules``; nothing for rules that can be announced."""
    return tuple(finding for finding in lint(rules) if finding.severity is Severity.ERROR)


def mended(rules: Rules) -> Rules:
    """Return ``rules`` with every error mended by its nearest setting.

    What is left has no nearest setting: a figure that only the buyer knows, such as the start of a clock.
    """
    for _ in range(_MOST_MENDS):
        finding = next((finding for finding in errors(rules) if finding.nearest_value is not None), None)
        if finding is None or finding.nearest_value is None:
            return rules
        rules = _with(rules, finding.pointer.split("/")[1:], finding.nearest_value.value)
    raise RuntimeError("the nearest settings go in a circle")


def _with(value: Any, path: list[str], new: object) -> Any:
    """Return ``value``, a frozen dataclass or a tuple of them, with ``new`` at ``path``."""
    if not path:
        return new
    name, *rest = path
    if isinstance(value, tuple):
        at = int(name)
        return (*value[:at], _with(value[at], rest, new), *value[at + 1 :])
    return replace(value, **{name: _with(getattr(value, name), rest, new)})


def _findings(rules: Rules) -> Iterator[Finding]:
    format_ = FORMATS.get(rules.format)
    if format_ is None:
        yield Finding("/format", "there is no such format", f"use one of {', '.join(FORMATS)}")
        return
    if rules.visibility not in format_.visibilities:
        fits = sorted(format_.visibilities, key=lambda code: _distance(rules.visibility, code))
        nearest = f"use one of {', '.join(fits)}" if len(fits) > 1 else f"use {fits[0]}"
        yield Finding("/visibility", "this format does not go with it", nearest, Setting(fits[0]))
    else:
        yield from _leaks(rules, format_, VISIBILITIES[rules.visibility])
    naive = tuple(instants(rules))
    beyond = (*naive, *durations(rules))
    yield from beyond
    # a format reckons with its figures
    if rules.visibility in format_.visibilities and not beyond and _is_finite(rules):
        yield from _misfits(rules, format_)
        yield from _points(rules, format_)
        for problem in format_.problems(rules):
            value = Setting(_NEAREST_TO[problem.pointer]) if problem.pointer in _NEAREST_TO else None
            yield Finding(problem.pointer, problem.message, "", value)
        for advice in format_.advice(rules):
            yield Finding(advice.pointer, advice.message, "", severity=Severity.WARNING)
    if not naive:
        yield from figures(rules)


def _is_finite(value: object) -> bool:
    """Tell whether every amount in ``value`` is a number at all."""
    if isinstance(value, Decimal):
        return value.is_finite()
    if isinstance(value, tuple):
        return all(_is_finite(item) for item in value)
    return not is_dataclass(value) or all(_is_finite(getattr(value, part.name)) for part in fields(value))


def _distance(wanted: str, code: str) -> tuple[bool, int]:
    """Order visibilities by whether they hide as much as the wanted one, then as the table lists them."""
    wish = VISIBILITIES.get(wanted)
    return wish is None or VISIBILITIES[code].hides != wish.hides, list(VISIBILITIES).index(code)


# ---- what would tell something that is hidden


def _leaks(rules: Rules, format_: Format, shown: Visibility) -> Iterator[Finding]:
    """A hidden price that decides about a bid is found by trying: in 18 trials out of 100,000 possible ones."""
    told = {Base.OWN: True, Base.NEXT: shown.next_price, Base.LEAD: shown.lead_price}[rules.base]
    if not told:
        reason = f"whether a bid beats the {rules.base} price would tell that price, which this visibility hides"
        yield Finding("/base", reason, "use own", Setting(Base.OWN))
    if shown.hides:
        yield from _told_by_trying(rules, format_, shown)
    offered = tuple(option for option in dict.fromkeys(rules.disclosed) if option in shown.options)
    if offered != rules.disclosed:
        surplus = ", ".join(sorted(set(rules.disclosed) - shown.options)) or "the same twice"
        may = ", ".join(sorted(shown.options))
        nearest = f"disclose of {may}" if may else "disclose nothing more"
        yield Finding("/disclosed", f"this visibility never shows {surplus}", nearest, Setting(offered))
    if rules.starting_gate and rules.ties is not Ties.ALLOWED:
        reason = "a refused tie would tell a price before the starting gate"
        yield Finding("/ties", reason, "use allowed", Setting(Ties.ALLOWED))
    if rules.starting_gate and rules.lead_buffer is not None:
        reason = "a first bid refused for its distance to the lead would tell the lead before the starting gate"
        yield Finding("/lead_buffer", reason, "leave it out", Setting(None))
    if rules.ties is Ties.BANNED and not shown.hides and Option.ALL_PRICES not in rules.disclosed:
        reason = "dry runs that are refused for a tie would find each price, and not all prices are shown"
        yield Finding("/ties", reason, "use allowed, or disclose all prices", Setting(Ties.ALLOWED))


def _told_by_trying(rules: Rules, format_: Format, shown: Visibility) -> Iterator[Finding]:
    """Where the competition is hidden, nothing about it may decide what happens to a bid."""
    if rules.lead_buffer is not None:
        reason = "whether a bid keeps off the lead would tell the lead, which is hidden"
        yield Finding("/lead_buffer", reason, "leave it out", Setting(None))
    if rules.ties is not Ties.ALLOWED:
        reason = "a refused tie would tell a price, which this visibility hides"
        yield Finding("/ties", reason, "use allowed", Setting(Ties.ALLOWED))
    if rules.proxy:
        reason = "where a proxy stops tells the price that it had to beat, which is hidden"
        yield Finding("/proxy", reason, "leave it out", Setting(False))
    rank = rules.soft_close.trigger_rank if rules.soft_close is not None and format_.steps else None
    if rank is None or shown.own_rank or (shown.light and rank == 1):
        return
    # overtaking inside a colour, such as from the third place to the second, is not shown
    first = "1, or " if shown.light else ""
    reason = "whether a bid moves the close would tell its rank, which this visibility hides"
    value = 1 if shown.light else None
    yield Finding("/soft_close/trigger_rank", reason, f"use {first}none: any bid extends", Setting(value))


# ---- what the format has no use for


def _misfits(rules: Rules, format_: Format) -> Iterator[Finding]:
    if not format_.steps:
        for name, (off, nearest) in _OFF.items():
            if getattr(rules, name) not in {off, None}:
                reason = "it needs prices that go down step by step before everyone's eyes, and this format has none"
                yield Finding(f"/{name}", reason, nearest, Setting(off))
    for name in _OWN_PARTS:
        if getattr(rules, name) is not None and not (name == "decrement" and format_.steps):
            asked = format_.problems(_with(rules, [name], None))
            if not any(problem.pointer.split("/")[1] == name for problem in asked):
                yield Finding(f"/{name}", "this format has no use for it", "leave it out", Setting(None))
    if rules.proxy and rules.lead_buffer is not None:
        reason = "proxies answer each other by the decrement alone"
        yield Finding("/lead_buffer", reason, "leave it out", Setting(None))
    if rules.proxy and rules.ties is not Ties.ALLOWED:
        reason = "two proxies with the same limit end at the same price"
        yield Finding("/ties", reason, "use allowed", Setting(Ties.ALLOWED))


def _points(rules: Rules, format_: Format) -> Iterator[Finding]:
    if rules.scoring is None or rules.scoring.kind is not ScoringKind.RELATIVE_POINTS:
        return
    money = Setting(ScoringKind.MONEY)
    if not format_.sealed:
        reason = "points depend on the lowest price, which changes with every open bid"
        yield Finding("/scoring/kind", reason, "use money, or a sealed format", money)
    else:
        reason = "a loser who withdraws can turn two others round, because points depend on the lowest price"
        nearest = "use money, unless foreign rules demand points"
        yield Finding("/scoring/kind", reason, nearest, money, severity=Severity.WARNING)
