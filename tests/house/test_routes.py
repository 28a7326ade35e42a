"""Every route says who may call it, and reads like documentation."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import TypeAdapter

from marketplace import wiring
from marketplace.app import create_app
from marketplace.kernel import http
from marketplace.kernel.access import Kind, Policy
from marketplace.kernel.http import CommandRoute
from tests.house.plan import policies, routes

ROUTES = routes()


def _id(route: APIRoute) -> str:
    return f"{'/'.join(sorted(route.methods or ()))} {route.path}"


@pytest.mark.parametrize("route", ROUTES, ids=_id)
def test_every_route_declares_one_policy(route: APIRoute) -> None:
    declared = policies(route.dependant)
    assert len(declared) == 1, f"{_id(route)} declares {len(declared)} policies: write allow(...), or PUBLIC aloud"
    assert Kind.NOBODY not in declared[0].kinds, "PUBLIC is the policy of a route for everybody"


@pytest.mark.parametrize("route", ROUTES, ids=_id)
def test_every_route_asks_its_policy_first_of_all(route: APIRoute) -> None:
    """Else a key repeats an answer to who may no longer have it, and anybody opens transactions."""
    assert isinstance(route.dependant.dependencies[0].call, Policy)


@pytest.mark.parametrize("route", ROUTES, ids=_id)
def test_every_route_commits_before_it_answers(route: APIRoute) -> None:
    assert isinstance(route, CommandRoute), "make the router with marketplace.kernel.http.router"


@pytest.mark.parametrize("route", ROUTES, ids=_id)
def test_every_route_reads_like_documentation(route: APIRoute) -> None:
    assert route.summary, "a route has a summary"
    assert not route.summary.endswith("."), "a summary is a title"
    assert route.endpoint.__doc__, "a route's docstring is its description"
    assert route.endpoint.__doc__.strip().endswith((".", ":", "`")), "a description is made of sentences"
    assert route.tags, "a route belongs to a group"


def test_operation_ids_are_unique() -> None:
    doubled = [name for name, count in Counter(route.name for route in ROUTES).items() if count > 1]
    assert not doubled, f"generated clients would have two functions called {doubled}"


def test_the_application_has_no_other_routes() -> None:
    app = create_app(wiring.unconnected())
    described = {(method.upper(), path) for path, item in app.openapi()["paths"].items() for method in item}
    wired = {(method, route.path) for route in ROUTES for method in route.methods or () if route.include_in_schema}
    assert described == wired, "routes are wired in marketplace/wiring.py, nowhere else"


def test_only_the_document_is_outside_the_routers() -> None:
    app = create_app(wiring.unconnected())
    bare = {path for route in app.routes if (path := getattr(route, "path", None)) is not None}
    assert bare == {"/openapi.json"}


@pytest.mark.parametrize("route", ROUTES, ids=_id)
def test_a_route_opens_one_transaction(route: APIRoute) -> None:
    """The request closes the last one that was opened: a second one would lose its role, and its connection."""
    opened = [call for call in _calls(route.dependant) if call.__name__ in _OPENERS]
    assert len(opened) <= 1, f"{_id(route)} opens {len(opened)} transactions: open the other one by the workshop"


_OPENERS = frozenset(name for name in vars(http) if name.startswith("open_"))


def _calls(dependant: Dependant) -> set[Callable[..., object]]:
    own = {dependant.call} if dependant.call is not None and hasattr(dependant.call, "__name__") else set()
    return own.union(*(_calls(inner) for inner in dependant.dependencies))


@pytest.mark.parametrize("route", [one for one in ROUTES if one.include_in_schema], ids=_id)
def test_what_callers_send_has_one_spelling(route: APIRoute) -> None:
    for body in route.dependant.body_params:
        lax = list(_lax(TypeAdapter(body.field_info.annotation).core_schema, ""))
        assert not lax, f"{lax}: a number is a Whole and an answer a YesNo, of marketplace.kernel.wire"


def _lax(schema: Any, name: str) -> Iterator[str]:
    """Yield the names of all fields in a schema of pydantic's core that take a number or an answer as a text."""
    if isinstance(schema, Mapping):
        # a field may be called "type": what it is then is no text
        if str(schema.get("type")) in {"int", "bool"} and not schema.get("strict"):
            yield name
        for key, part in schema.items():
            if key not in {"metadata", "serialization", "cls"}:
                yield from _lax(part, key)
    elif isinstance(schema, list | tuple):
        for part in schema:
            yield from _lax(part, name)
