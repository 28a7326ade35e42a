"""The rules of an auction as a form: a preset in plain words, its usual settings, and all others for experts."""

from collections.abc import Mapping
from typing import Any

from buyers.requests.auction import BASES, DEFAULT, OPTIONS, TIES, AuctionChoice
from buyers.requests.model import Content
from buyers.requests.presets import PRESETS
from marketplace.bidding.advice import Advice
from marketplace.kernel import codec
from marketplace.terminals import pages
from marketplace.terminals.buyer.wizard_forms import nested

OWN = "own"
"""Stands for rules that were made without a preset, such as through the API."""
RECOMMENDED = "sealed_round"
_KEPT = ("ceiling", "min_bidders", "arrangement", "results_together")
"""What a buyer said of any auction, whichever preset it chooses next."""
_STEPS = frozenset(
    {
        "step",
        "base",
        "lead_buffer",
        "largest_change_percent",
        "ties",
        "proxy",
        "soft_close",
        "disclosed",
        "starting_gate",
    }
)
_KNOWN: Mapping[str, frozenset[str]] = {
    "sealed": frozenset(),
    "sealed_second_price": frozenset(),
    "best_and_final": frozenset({"final_offers"}),
    "english": _STEPS,
    "three_rounds": frozenset({"step", "ties", "turns"}),
    "dutch": frozenset({"dutch"}),
    "japanese": frozenset({"japanese"}),
}
"""Which settings each format has a use for, beside those that all have."""
_FLAGS = frozenset({"proxy", "starting_gate", "results_together"})
_PARTS = ("soft_close", "dutch", "japanese", "turns")


def choice_of(content: Content) -> str:
    """Return the preset of a request; rules that are nobody's are ``OWN``."""
    if content.auction == DEFAULT:
        return RECOMMENDED
    return content.auction.preset if content.auction.preset in PRESETS else OWN


def values(form: pages.Form, content: Content) -> dict[str, Any]:
    """Return the auction of the form: another preset with what was said of any auction, or the settings shown."""
    saved = codec.dump(content.auction)
    given = nested(form, "auction")
    preset = given.get("preset") or choice_of(content)
    before = choice_of(content)
    common = {name: saved[name] for name in _KEPT} | _said(given, ("ceiling", "min_bidders"))
    if preset != before and preset in PRESETS:
        return {"preset": preset} | {name: value for name, value in common.items() if value is not None}
    changed: dict[str, Any] = saved | ({"preset": preset} if preset in PRESETS else {})
    shown = frozenset(form.text("shown").split()) if form.text("was_preset", before) == before else frozenset()
    changed |= common | _said(given, shown - _FLAGS - {*_PARTS, "step", "final_offers"})
    changed |= {name: form.ticked(f"auction.{name}") for name in shown & _FLAGS}
    if "disclosed" in shown:
        changed["disclosed"] = given.get("disclosed", [])
    if "step" in shown:
        percent = form.text("step_kind") == "percent"
        amount = form.text("step") or None
        changed |= {"decrement": None if percent else amount, "decrement_percent": amount if percent else None}
    for name in shown.intersection(_PARTS):
        changed[name] = _part(
            saved[name], given.get(name, {}), ticked=name != "soft_close" or form.ticked("soft_close")
        )
    if "final_offers" in shown:
        changed["final_offers"] = {"may_not_worsen": form.ticked("may_not_worsen")}
    if "arrangement" in shown:
        changed["arrangement"] = _part(saved["arrangement"], given.get("arrangement", {}), ticked=True)
    return changed


def _said(given: Mapping[str, Any], names: Any) -> dict[str, Any]:
    """Return those settings that the form has; an empty field of a number that must be there counts as not said."""
    return {name: given[name] for name in names if name in given and (given[name] is not None or name != "min_bidders")}


def _part(saved: Mapping[str, Any] | None, typed: Mapping[str, Any], *, ticked: bool) -> dict[str, Any] | None:
    """Return a part such as the soft close with its typed figures; nothing where it isn't wanted or says nothing."""
    if not ticked or not any(value is not None for value in typed.values()):
        return None
    whole = dict(saved or {}) | dict(typed)
    return {name: value for name, value in whole.items() if value is not None or name == "trigger_rank"}


def mended(content: Content, found: Advice) -> dict[str, Any]:
    """Return the auction with the nearest allowed setting in its place."""
    document = {"auction": codec.dump(content.auction)}
    *path, last = found.pointer.strip("/").split("/")
    below: Any = document
    for part in path:
        below = below[int(part)] if isinstance(below, list) else below[part]
    if isinstance(below, list):
        below[int(last)] = found.nearest_value
    else:
        below[last] = found.nearest_value
    return document


def context(content: Content) -> dict[str, Any]:
    """Return the presets, and which settings of the chosen one stand in front and which behind."""
    auction: AuctionChoice = content.auction
    preset = PRESETS.get(choice_of(content))
    known = _KNOWN.get(auction.format, frozenset())
    usual = {"step" if name.startswith("decrement") else name for name in preset.settings} if preset else set(known)
    several = {"arrangement"} if len({line.site for line in content.lines}) > 1 or len(content.lots) > 1 else set()
    return {
        "presets": PRESETS,
        "preset_code": choice_of(content),
        "recommended": RECOMMENDED,
        "own_rules": OWN,
        "front": [name for name in _ORDER if name in usual & (known | {"ceiling", "min_bidders"})],
        "behind": [name for name in _ORDER if name in (known | several | {"results_together"}) - usual],
        "needs": preset.needs if preset else (),
        "bases": BASES,
        "ties": TIES,
        "options": OPTIONS,
    }


_ORDER = (
    "ceiling",
    "step",
    "base",
    "soft_close",
    "proxy",
    "dutch",
    "japanese",
    "turns",
    "final_offers",
    "min_bidders",
    "lead_buffer",
    "largest_change_percent",
    "ties",
    "disclosed",
    "starting_gate",
    "arrangement",
    "results_together",
)
