"""What the API's document says of every route besides its own words: who may call it, and what any route may answer."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from marketplace.kernel import http
from marketplace.kernel.access import PasswordChangeRequiredError, Policy, SecondFactorRequiredError
from marketplace.kernel.errors import ForbiddenError, NotFoundError, ProblemError, StaleError, UnauthenticatedError
from marketplace.kernel.idempotency import CommandRunningError, KeyReusedError
from marketplace.kernel.origin import SAFE_METHODS, ForeignOriginError

BEARER = {
    "type": "http",
    "scheme": "bearer",
    "description": "An access token (POST /sessions) or an API key (POST /me/api-keys)",
}


def complete(document: dict[str, Any], routes: Iterable[APIRoute]) -> None:
    """Add the schema of problems, how callers sign in, and to each route who may call it and how others are refused."""
    components = document.setdefault("components", {})
    problem = http.Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    components["schemas"] |= problem.pop("$defs") | {"Problem": problem}
    components["securitySchemes"] = {"bearer": BEARER}
    for route in routes:
        policy = next(_policies(route.dependant), None)
        for method in (route.methods or ()) if route.include_in_schema else ():
            operation = document["paths"][route.path_format][method.lower()]
            anybody = policy is None or not policy.kinds
            operation["security"] = [{}, {"bearer": []}] if anybody else [{"bearer": []}]
            _add(operation["responses"], http.problems(*_refusals(method, policy, operation)))
            _share(operation["responses"], components.setdefault("examples", {}))


def _refusals(method: str, policy: Policy | None, operation: Mapping[str, Any]) -> Iterator[type[ProblemError]]:
    """Yield what may be answered before the route's own function is asked, or after it."""
    parameters = {(parameter["in"], parameter["name"]) for parameter in operation.get("parameters", ())}
    if policy is not None:
        yield UnauthenticatedError
        if policy.kinds:
            yield ForbiddenError
            if not policy.while_limited:
                yield PasswordChangeRequiredError
                yield SecondFactorRequiredError
        if method not in SAFE_METHODS:
            yield ForeignOriginError
    if any(place == "path" for place, _ in parameters):
        yield NotFoundError
    if ("header", "if-match") in parameters:
        yield StaleError
    if ("header", "idempotency-key") in parameters:
        yield CommandRunningError
        yield KeyReusedError


def _add(said: dict[str, Any], more: Mapping[int | str, Any]) -> None:
    """Add problems to a route's answers; one that the route itself names stays as it is."""
    for status, entry in more.items():
        own = said.setdefault(str(status), entry)
        kinds = own["content"][http.PROBLEM]["examples"]
        for kind, example in entry["content"][http.PROBLEM]["examples"].items():
            if kind not in kinds:
                kinds[kind] = example
                own["description"] = f"{own['description']}; {example['value']['title']}"


def _share(said: Mapping[str, Any], shared: dict[str, Any]) -> None:
    """Let every answer point to one example of a problem instead of showing it: the document is half as long."""
    for answer in said.values():
        examples = answer.get("content", {}).get(http.PROBLEM, {}).get("examples", {})
        for kind, example in examples.items():
            if shared.setdefault(kind, example) == example:
                examples[kind] = {"$ref": f"#/components/examples/{kind}"}


def _policies(dependant: Dependant) -> Iterator[Policy]:
    if isinstance(dependant.call, Policy):
        yield dependant.call
    for inner in dependant.dependencies:
        yield from _policies(inner)
