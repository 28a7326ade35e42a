"""Every field that a carrier can be answered with is on a list that a person has read."""

import dataclasses
import types
import typing
from collections.abc import Iterator
from typing import Any

from buyers.registry.model import BuyerIdentity, Site
from buyers.requests.view import CarrierView
from marketplace import wiring
from marketplace.app import create_app
from marketplace.bidding.offer import Offer
from marketplace.bidding.transcript import Readable
from marketplace.kernel.access import Kind
from tests.house.plan import compare_with_list, policies, routes

CONTENTS: dict[str, type] = {
    "InvitationOutput.request": CarrierView,
    "OwnBidOutput.offer": Offer,
    "IdentityOutput.buyer": BuyerIdentity,
    "IdentityOutput.sites[].place": Site,
    "Shown.data": Readable,
}
"""What stands in a field whose schema allows anything: the type that its document is dumped from."""

Schema = dict[str, Any]


def _carriers_operations() -> set[str]:
    """Return the operation ids of routes that admit a provider, or anybody."""
    return {
        route.name
        for route in routes()
        for policy in policies(route.dependant)
        if not policy.kinds or Kind.PROVIDER in policy.kinds
    }


def _lines() -> Iterator[str]:
    document = create_app(wiring.unconnected()).openapi()
    components: dict[str, Schema] = document["components"]["schemas"]
    admitted = _carriers_operations()
    used: set[str] = set()
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if operation["operationId"] not in admitted:
                continue
            for status, answer in operation["responses"].items():
                if not status.startswith("2"):
                    continue
                for media, content in answer.get("content", {}).items():
                    used |= _names(content["schema"])
                    yield f"{method.upper()} {path} {status} {media}: {_shape(content['schema'])}"
                for header in answer.get("headers", {}):
                    yield f"{method.upper()} {path} {status} header {header}"
    waiting = sorted(used)
    while waiting:
        name = waiting.pop()
        for field, schema in components[name].get("properties", {}).items():
            yield from _field(f"{name}.{field}", schema)
            fresh = _names(schema) - used
            used |= fresh
            waiting += sorted(fresh)


def _field(where: str, schema: Schema) -> Iterator[str]:
    yield f"{where}: {_shape(schema)}"
    if "anything" in _shape(schema):
        kind = CONTENTS.get(where)
        yield from _of_type(where, kind) if kind else [f"{where}: UNEXPLAINED"]


def _shape(schema: Schema) -> str:
    """Return a schema in a word: a component's name, a list of one, or a plain type."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    choices = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")
    if choices:
        return " | ".join(_shape(choice) for choice in choices)
    if schema.get("type") == "array":
        return f"[{_shape(schema.get('items', {}))}]"
    if schema.get("type") == "object" and schema.get("additionalProperties") is False:
        return "{" + ", ".join(f"{name}: {_shape(one)}" for name, one in schema.get("properties", {}).items()) + "}"
    if schema.get("type") == "object":
        values = schema.get("additionalProperties", True)
        return "{anything}" if values is True else f"{{{_shape(values)}}}" if values else "{}"
    return str(schema.get("const") or schema.get("format") or schema.get("type") or "anything")


def _names(schema: object) -> set[str]:
    """Return the components that a schema refers to."""
    if isinstance(schema, dict):
        own = {str(schema["$ref"]).rpartition("/")[2]} if "$ref" in schema else set()
        return own.union(*(_names(value) for value in schema.values()))
    return set().union(*(_names(value) for value in schema)) if isinstance(schema, list) else set()


def _of_type(where: str, kind: type) -> Iterator[str]:
    hints = typing.get_type_hints(kind)
    for field in dataclasses.fields(kind):
        inner = [
            part for part in _parts(hints[field.name]) if isinstance(part, type) and dataclasses.is_dataclass(part)
        ]
        yield f"{where}.{field.name}"
        for part in inner:
            yield from _of_type(f"{where}.{field.name}", part)


def _parts(hint: Any) -> Iterator[Any]:
    if typing.get_origin(hint) in {tuple, list, dict, types.UnionType, typing.Union}:
        for part in typing.get_args(hint):
            yield from _parts(part)
    else:
        yield hint


def test_fields_that_a_carrier_can_see_are_on_the_lists() -> None:
    compare_with_list("carrier_fields.txt", sorted(set(_lines())))


def test_no_field_leaves_open_what_stands_in_it() -> None:
    unexplained = [line for line in _lines() if line.endswith("UNEXPLAINED")]
    assert not unexplained, f"say in CONTENTS which type it is dumped from: {unexplained}"
