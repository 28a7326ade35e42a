"""Scenarios on the command line: what the bids make together, scenarios of one's own, and awarding one of them."""

from typing import Annotated, Any

import typer
from rich.console import RenderableType

from marketplace.cli import session, show
from marketplace.cli.buyer_awards import AWARDED, confirmed, following_award
from marketplace.cli.buyer_requests import RequestId
from marketplace.cli.choices import MistakeError
from marketplace.cli.command import Json, Yes, command_of, read_json
from marketplace.kernel.clock import wait as pause
from marketplace.players.api import Api

Key = Annotated[str, typer.Argument(metavar="KEY", help="the key of a scenario, from: marketplace buyer scenarios")]

_RESULTS = (
    show.col("Scenario", "name"),
    show.col("Status", "words"),
    show.money("You pay", "total"),
    show.money("Saving", "saving"),
    show.count("Carriers", "provider_count"),
    show.col("Service level", "service_level"),
    show.col("Risks", "risks"),
    show.code("Key", "key"),
)
_PRICES = (
    show.col("Scenario", "scenario"),
    show.col("Rule", "rule"),
    show.money("Costs", "price"),
    show.money("A month", "monthly"),
    show.col("Proven", "proven"),
)
_LOTS = (
    show.col("Lot", "lot"),
    show.col("Carrier", "provider_name"),
    show.money("Total cost", "total"),
    show.code("Bid", "bid_id"),
)
_SAVED = (
    show.col("Name", "name"),
    show.col("Rules", "words"),
    show.count("Version", "revision"),
    show.when("Changed", "changed_at"),
    show.code("Scenario", "id"),
)
_PAUSE_SECONDS = 0.5


def add_to(app: typer.Typer) -> None:
    """Add the commands to the buyer's group."""
    command = command_of(app)
    for name, function in (
        ("scenarios", scenarios),
        ("own-scenarios", own_scenarios),
        ("save-scenario", save_scenario),
        ("remove-scenario", remove_scenario),
        ("award-scenario", award_scenario),
    ):
        command(name)(function)


def scenarios(
    request_id: RequestId,
    *,
    key: Annotated[str, typer.Option(help="show who gets what in this one")] = "",
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="until it is computed")] = True,
) -> None:
    """What the bids make together: cheapest, one carrier, best two, best service, your own rules, with their prices."""
    found = _board(session.api(), request_id, wait=wait)
    computed = found["computed"]
    if computed is None:
        said = found["progress"]["now"] if found["progress"] else found["stage"]
        show.answer(found, f"Nothing is computed: {found['failed'] or said}.")
        return
    results = computed["results"] + computed["front"]
    if key:
        chosen = next((one for one in results if one["key"] == key), None)
        if chosen is None:
            raise MistakeError(f"There is no scenario '{key}': {', '.join(one['key'] for one in results)}")
        show.answer(chosen, show.table([chosen], *_RESULTS), show.table(chosen["lots"], *_LOTS))
        return
    show.answer(found, *_shown(computed, current=found["current"]))


def _shown(computed: dict[str, Any], *, current: bool) -> list[RenderableType]:
    prices = [price | {"scenario": one["name"]} for one in computed["results"] for price in one["prices"]]
    parts: list[RenderableType] = [show.table(computed["results"], *_RESULTS)]
    if prices:
        parts.append(show.table(prices, *_PRICES, title="What rules cost over the term"))
    if computed["front"]:
        parts.append(show.table(computed["front"], *_RESULTS, title="Cost against service level"))
    parts += [
        f"{one['name']}: {one['conflict']} {' '.join(one['ways_out'])}"
        for one in computed["results"]
        if one["conflict"]
    ]
    parts += [f"Left out on {one['lot']}: {one['reason']} ({one['bid_id']})" for one in computed["left_out"]]
    if not current:
        parts.append("Something has changed since; ask again in a moment.")
    return parts


def own_scenarios(request_id: RequestId) -> None:
    """Scenarios that your organization saved on a request."""
    found = session.api().get(session.path("/requests/{}/own-scenarios", request_id))
    empty = f"None is saved. Next: marketplace buyer save-scenario {request_id} FILE"
    show.answer(found, show.table(found, *_SAVED, empty=empty))


def save_scenario(request_id: RequestId, path: Json) -> None:
    """Save a scenario: {"name": "Two routes", "rules": [{"type": "apart", "primary": "T1", "backup": "T2"}]}.

    One of the same name is replaced.
    """
    api, body = session.api(), read_json(path)
    at = session.path("/requests/{}/own-scenarios", request_id)
    name = body.get("name") if isinstance(body, dict) else None
    known = next((one for one in api.get(at) if one["name"] == name), None)
    if known is None:
        saved = api.post(at, body, key=session.key())
    else:
        own = session.path("/requests/{}/own-scenarios/{}", request_id, known["id"])
        headers = {"If-Match": f'"{known["revision"]}"'}
        saved = api.call("PUT", own, body, key=session.key(), headers=headers)
    show.answer(saved, show.table([saved], *_SAVED), f"Next: marketplace buyer scenarios {request_id}")


def remove_scenario(
    request_id: RequestId, scenario_id: Annotated[str, typer.Argument(metavar="SCENARIO", help="its id")]
) -> None:
    """Remove a saved scenario for everybody of your organization."""
    api, own = session.api(), session.path("/requests/{}/own-scenarios/{}", request_id, scenario_id)
    known = api.get(own)
    api.call("DELETE", own, key=session.key(), headers={"If-Match": f'"{known["revision"]}"'})
    show.answer(known, f"Removed: {show.clean(known['name'])}.")


def award_scenario(
    request_id: RequestId,
    key: Key,
    *,
    reason: Annotated[str, typer.Option(help="why, where it is not the cheapest: one reason for all lots")] = "",
    yes: Yes = False,
) -> None:
    """Award the lots that a scenario names. Shows first who would learn who you are."""
    api = session.api()
    board = _board(api, request_id, wait=True)
    if board["computed"] is None or not board["current"]:
        raise MistakeError(f"The board is not computed: {board['failed'] or board['stage']}. Nothing was awarded.")
    body = {"sha256": board["computed"]["sha256"], "reason": reason}
    confirmed(api, session.path("/requests/{}/scenarios/{}/award/preview", request_id, key), body, ask_first=not yes)
    done = api.post(session.path("/requests/{}/scenarios/{}/award", request_id, key), body, key=session.key())
    show.answer(done, show.table(done["lots"], *AWARDED), following_award(done, request_id))


def _board(api: Api, request_id: str, *, wait: bool) -> dict[str, Any]:
    """Return the board, and with ``wait`` once it is computed."""
    while True:
        found: dict[str, Any] = api.get(session.path("/requests/{}/scenarios", request_id))
        if not wait or found["current"] or found["progress"] is None:
            return found
        pause(_PAUSE_SECONDS)
