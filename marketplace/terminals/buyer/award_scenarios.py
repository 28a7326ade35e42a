"""A buyer's own ways to award on one request: saved under a name with a few rules, changed, removed."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any

from fastapi import Depends, Request, Response

from buyers.desk import service as desk
from buyers.requests import model as requests
from marketplace.awards import service as awards
from marketplace.awards.board import service as board_service
from marketplace.awards.board.schemas import ScenarioInput
from marketplace.bidding.service import NotOpenedError
from marketplace.kernel import codec, http
from marketplace.kernel.access import Kind, Principal, Scope, UserRole, allow
from marketplace.kernel.errors import FieldError, MalformedError
from marketplace.kernel.http import Working
from marketplace.kernel.work import Work
from marketplace.terminals import pages
from marketplace.terminals.buyer.requests import head_of

router = pages.router()

Buyer = Annotated[Principal, Depends(allow(Kind.BUYER))]
Editor = Annotated[
    Principal,
    Depends(allow(Kind.BUYER, roles=(UserRole.ADMIN, UserRole.REQUESTER, UserRole.NEGOTIATOR), scope=Scope.REQUESTS)),
]
_TEMPLATE = "buyer/award_scenarios.html"
_SIMPLE: Mapping[str, tuple[str, str, Mapping[str, Any]]] = {
    "at_most_providers": ("providers", "at_most", {}),
    "at_least_providers": ("providers", "at_least", {}),
    "share_at_most": ("share", "at_most", {"provider_id": "", "measure": "value"}),
    "keep_at_least": ("incumbents", "keep_at_least", {}),
    "excluded": ("excluded", "provider_id", {"sites": [], "lots": []}),
    "together": ("together", "region", {"site": "", "lots": []}),
    "installed_before": ("installed_before", "day", {"lots": []}),
    "budget": ("budget", "amount", {"measure": "total"}),
    "service_level": ("service_level", "at_least", {}),
}
"""Field of the form: the rule that it makes, the rule's value, and what the rule says besides."""


@router.get("/b/requests/{request_id}/award/scenarios", summary="Own ways to award")
def show_own_ways(request_id: str, request: Request, work: Working, _: Buyer) -> Response:
    """List the saved scenarios of a request and offer a form for another."""
    return pages.render(request, _TEMPLATE, **_context(work, request_id, ""))


@router.get("/b/requests/{request_id}/award/scenarios/{scenario_id}", summary="An own way to award")
def show_own_way(request_id: str, scenario_id: str, request: Request, work: Working, _: Buyer) -> Response:
    """Show one saved scenario to be changed."""
    return pages.render(request, _TEMPLATE, **_context(work, request_id, scenario_id))


@router.post("/b/requests/{request_id}/award/scenarios", summary="Save a scenario by form")
def send_own_way(request_id: str, request: Request, work: Working, form: pages.Sent, _: Editor) -> Response:
    """Save a new scenario; it is computed at once and joins the ways to award."""
    words = pages.words(request)
    with pages.again(request, _TEMPLATE, form, lambda: _context(work, request_id, "")), _by_field(form):
        body = pages.checked(ScenarioInput, {"name": form.text("name"), "rules": list(_rules(form))})
        board_service.save(work, desk.owned(work, request_id), body.name, body.values())
    return pages.see(f"/b/requests/{request_id}/award", words("Saved. It is computed beside the other ways."))


@router.post("/b/requests/{request_id}/award/scenarios/{scenario_id}", summary="Change a scenario by form")
def send_own_way_change(
    request_id: str, scenario_id: str, request: Request, work: Working, form: pages.Sent, _: Editor
) -> Response:
    """Rename or change a saved scenario, or remove it; rules that the form has no field for stay as they are."""
    words = pages.words(request)
    owned, seen = desk.owned(work, request_id), http.etag(int(form.text("revision") or 0))
    with pages.again(request, _TEMPLATE, form, lambda: _context(work, request_id, scenario_id)), _by_field(form):
        before = board_service.read(work, owned, scenario_id)
        if form.text("act") == "remove":
            board_service.remove(work, owned, scenario_id, seen)
            return pages.see(f"/b/requests/{request_id}/award/scenarios", words("Removed, for everybody."))
        rules = [*_rules(form), *_kept(codec.dump(before)["rules"])]
        body = pages.checked(ScenarioInput, {"name": form.text("name"), "rules": rules})
        board_service.change(work, before, body.name, body.values(), seen)
    return pages.see(f"/b/requests/{request_id}/award", words("Saved. It is computed beside the other ways."))


def _rules(form: pages.Form) -> Iterator[dict[str, Any]]:
    """Yield the rules that the form's fields make; several values of one rule are one rule."""
    made: dict[str, dict[str, Any]] = {}
    for name, (kind, key, rest) in _SIMPLE.items():
        value = form.text(name).replace(",", "")
        if value:
            made.setdefault(kind, {"type": kind, **rest})[key] = value
    yield from made.values()


def _fields(rules: list[dict[str, Any]]) -> dict[str, str]:
    """Return what the form's fields say for saved rules, as far as they can."""
    found: dict[str, str] = {}
    for rule in rules:
        for name, (kind, key, rest) in _SIMPLE.items():
            said = rule.get(key)
            plain = all(rule.get(other) == value for other, value in rest.items())
            if rule["type"] == kind and plain and said not in {None, ""}:
                found.setdefault(name, str(said))
    return found


def _kept(rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the saved rules that the form can't say."""
    return [rule for rule in rules if not _fields([rule]) or _says_more(rule)]


def _says_more(rule: dict[str, Any]) -> bool:
    """Tell whether a rule says more than the form's fields of its kind."""
    shown = {key for kind, key, _ in _SIMPLE.values() if kind == rule["type"]}
    rest = next(rest for kind, _, rest in _SIMPLE.values() if kind == rule["type"])
    return any(value not in {None, ""} for key, value in rule.items() if key not in {*shown, *rest, "type"})


@contextmanager
def _by_field(form: pages.Form) -> Iterator[None]:
    """Tell what is wrong with a rule at the field that made it."""
    try:
        yield
    except MalformedError as problem:
        kinds = [rule["type"] for rule in _rules(form)]
        errors = tuple(FieldError(_field(error.pointer, kinds, form), error.message) for error in problem.errors)
        raise MalformedError(problem.detail, errors=errors) from problem


def _field(pointer: str, kinds: list[str], form: pages.Form) -> str:
    parts = pointer.strip("/").split("/")
    if parts[0] != "rules" or len(parts) < 2 or not parts[1].isdecimal() or int(parts[1]) >= len(kinds):  # noqa: PLR2004 - a list and a place in it
        return pointer
    kind = kinds[int(parts[1])]
    names = [name for name, (of, _, _) in _SIMPLE.items() if of == kind and form.text(name)]
    exact = [name for name in names if _SIMPLE[name][1] == parts[-1]]
    return f"/{(exact or names or [''])[0]}"


def _context(work: Work, request_id: str, scenario_id: str) -> dict[str, Any]:
    own = desk.read(work, request_id)
    saved = board_service.saved(work, own.id)
    edited = board_service.read(work, own.id, scenario_id) if scenario_id else None
    rules = codec.dump(edited)["rules"] if edited is not None else []
    kept = _kept(rules)
    return head_of(work, own) | {
        "saved": saved,
        "edited": edited,
        "values": _fields([rule for rule in rules if rule not in kept]),
        "kept": len(kept),
        "providers": _bidders(work, own),
        "regions": _regions(own),
        "currency": own.content.billing.currency,
    }


def _bidders(work: Work, own: requests.Request) -> list[tuple[str, str]]:
    """Return the carriers that bid, by name; none while that is not the buyer's to know."""
    try:
        comparison = awards.compare(work, own.id, hold=False)
    except NotOpenedError:
        return []
    found = {offer.provider_id: offer.provider_name for lot in comparison.lots for offer in lot.offers}
    return sorted(((key, name) for key, name in found.items()), key=lambda one: one[1])


def _regions(own: requests.Request) -> list[tuple[str, str]]:
    """Return the regions that the request has sites in, as rules name them."""
    places = {(site.place.country, site.place.state) for site in own.content.sites}
    found = sorted({"-".join(filter(None, place)) for place in places})
    return [(code, code.replace("-", " ")) for code in found if code]
