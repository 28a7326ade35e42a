"""Every route says who may call it, and reads like documentation."""

from collections import Counter

import pytest
from fastapi.routing import APIRoute

from marketplace import wiring
from marketplace.app import create_app
from marketplace.kernel.access import Kind
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
