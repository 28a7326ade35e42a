"""Who may call what: role by route by own, foreign and unknown object, made from the routes; none is left out."""

import re
from collections.abc import Iterator
from dataclasses import replace
from http import HTTPStatus
from typing import Any

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from httpx import Response

from marketplace.app import create_app
from marketplace.kernel import http, ids
from marketplace.kernel.access import (
    NOBODY,
    Kind,
    PasswordChangeRequiredError,
    Policy,
    Principal,
    Scope,
    UserRole,
)
from marketplace.kernel.errors import ForbiddenError, ProblemError, UnauthenticatedError
from marketplace.kernel.ids import OrganizationId, UserId
from marketplace.wiring import unconnected
from tests.factories import SignedIn, a_user
from tests.house.plan import policies, routes
from tests.security.made import SITE, Stage

"""Every route is called several times: seconds, on a machine that is busy minutes."""

CASES = [(method, route, policies(route.dependant)[0]) for route in routes() for method in sorted(route.methods)]
ROLES = {
    Kind.BUYER: (UserRole.ADMIN, UserRole.REQUESTER, UserRole.NEGOTIATOR),
    Kind.PROVIDER: (UserRole.ADMIN, UserRole.DESK, UserRole.NEGOTIATOR),
    Kind.PLATFORM: (UserRole.ADMIN, UserRole.AGENT),
}
PRINCIPALS = [
    Principal(kind, UserId("usr"), OrganizationId("org"), role) for kind, roles in ROLES.items() for role in roles
]
FILLED = {
    "form": "csv",
    "number": "1",
    "version": "1",
    "lot": "T1",
    "ref": "T1",
    "step": "sites",
    "key": "none",
    "attachment": "A1",
}
"""What stands for a parameter of a path that names no object of its own."""


def _name(case: tuple[str, APIRoute, Policy]) -> str:
    return f"{case[0]} {case[1].path}"


def _answer_to(policy: Policy, principal: Principal) -> str:
    """Return what a policy says: 'yes', or the kind of its refusal."""
    try:
        policy(principal)
    except ProblemError as error:
        return type(error).__name__
    return "yes"


# ---- role by route


@pytest.mark.parametrize("case", CASES, ids=_name)
def test_a_policy_lets_in_whom_it_names_and_nobody_else(case: tuple[str, APIRoute, Policy]) -> None:
    _, _, policy = case
    if not policy.kinds:
        assert _answer_to(policy, NOBODY) == "yes"
        return
    assert _answer_to(policy, NOBODY) == UnauthenticatedError.__name__
    for principal in PRINCIPALS:
        named = principal.kind in policy.kinds and (not policy.roles or principal.role in policy.roles)
        assert _answer_to(policy, principal) == ("yes" if named else ForbiddenError.__name__)
        for scope in Scope:
            key = replace(principal, scopes=frozenset({scope}))
            expected = "yes" if named and scope is policy.scope else ForbiddenError.__name__
            assert _answer_to(policy, key) == expected
        newcomer = _answer_to(policy, replace(principal, limited="password"))
        if not policy.while_limited:
            assert newcomer == PasswordChangeRequiredError.__name__


READERS_COMMANDS = {
    # asked for by POST because the question is long; nothing is changed
    "POST /availability",
    "POST /requests/{request_id}/availability",
    "POST /filters/preview",
    "POST /requests/{request_id}/auction/lint",
    "POST /requests/{request_id}/auction/rehearsal",
    "POST /requests/{request_id}/scenarios/compute",
    "POST /requests/{request_id}/scenarios/cancel",
    # what its user has read
    "POST /notices/{notice_id}/read",
    "POST /notices/read-all",
    "POST /account/notices/read",
    # the same questions, asked on pages
    "POST /b/availability",
    "POST /b/requests/{request_id}/compare",
    "POST /c/filters/preview",
    # refused to every key by the service: only a person opens and closes an account
    "POST /account/first-password",
    "POST /account/second-factor",
    "POST /account/second-factor/confirm",
    "POST /account/keys",
    "POST /account/keys/revoke",
    "POST /sign-out",
    "DELETE /sessions/current",
    "DELETE /me/sessions",
    "DELETE /me/sessions/{session_id}",
    "POST /account/sessions",
    "POST /me/password",
    "POST /me/second-factor",
    "POST /me/second-factor/confirm",
    "POST /me/api-keys",
    "DELETE /me/api-keys/{key_id}",
}
"""Commands for which a key that reads is enough, and why."""


def test_a_key_that_reads_commands_nothing() -> None:
    asked = {_name(case) for case in CASES if case[0] != "GET" and case[2].kinds and case[2].scope is Scope.READ}
    assert asked == READERS_COMMANDS


def test_every_role_of_the_marketplace_is_in_the_matrix() -> None:
    assert {role for roles in ROLES.values() for role in roles} == set(UserRole)
    assert set(ROLES) | {Kind.NOBODY} == set(Kind)


MEDIA = {"/footprint/versions": "text/csv"}
"""What a route takes where it looks at the type of a body first."""


def _transactions(dependant: Dependant) -> list[str]:
    own = [dependant.call.__name__] if dependant.call in OPENERS else []
    return own + [name for inner in dependant.dependencies for name in _transactions(inner)]


OPENERS = {
    *(http.open_work, http.open_account_work, http.open_desk_work),
    *(http.open_reading, http.open_account_reading, http.open_desk_reading),
}


@pytest.mark.parametrize("case", CASES, ids=_name)
def test_a_route_opens_one_transaction_at_most(case: tuple[str, APIRoute, Policy]) -> None:
    """Of two the first would never be ended: a caller could take every connection there is."""
    assert len(_transactions(case[1].dependant)) <= 1


# ---- the policy is asked, over HTTP, before anything else is looked at


def _path(route: APIRoute, **values: str) -> str:
    names = re.findall(r"{(\w+)}", route.path_format)
    return route.path_format.format(**{name: values.get(name) or FILLED.get(name, f"{name}_unknown") for name in names})


def _refused(answer: Response) -> bool:
    to_sign_in = answer.status_code == HTTPStatus.SEE_OTHER and answer.headers["location"].startswith("/sign-in")
    return to_sign_in or answer.status_code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}


def test_every_route_refuses_strangers_and_other_kinds_and_roles(stage: Stage) -> None:
    users = {
        principal: a_user(stage.market, principal.kind, principal.role or UserRole.ADMIN) for principal in PRINCIPALS
    }
    let_in = []
    for method, route, policy in CASES:
        if not policy.kinds:
            continue
        wrong = [one for one in PRINCIPALS if one.kind not in policy.kinds][:1]
        wrong += [
            one for one in PRINCIPALS if one.kind in policy.kinds and policy.roles and one.role not in policy.roles
        ]
        for who in (None, *(users[one] for one in wrong)):
            headers = {"Sec-Fetch-Site": "same-origin"}
            answer = stage.call(who, method, _path(route), headers=headers, follow_redirects=False)
            if not _refused(answer):
                let_in.append((method, route.path, who and who.principal.kind, answer.status_code))
    assert let_in == []


# ---- own, foreign and unknown objects


class Deal:
    """A deal with everything that has an id: what its two sides own, and what strangers own of the same kinds."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.buyer, self.carrier = stage.buyer, stage.a_carrier()
        self.rival, self.other = stage.a_buyer("rival@elsewhere.example.org"), stage.a_carrier()
        self.own: dict[str, dict[str, str]] = {}
        request_id = stage.publish()
        at = f"/requests/{request_id}"
        received = stage.invitation(self.carrier)
        question = stage.ok(self.carrier, "POST", f"/invitations/{received}/questions", {"text": "How high is it?"})
        bid = stage.bid(self.carrier)["receipts"][0]["bid_id"]
        stage.close()
        award = stage.award(request_id)
        stage.confirm(self.carrier)
        stage.settle()
        contract = stage.ok(self.buyer, "GET", f"{at}/contracts")[0]
        agreed = {"sha256": contract["terms"]["sha256"], "accepted_terms": True}
        contract = stage.ok(self.buyer, "POST", f"/contracts/{contract['id']}/acceptance", agreed)["id"]
        shared = {"contract_id": contract, "bid_id": bid, "question_id": question["id"], "award_id": award["id"]}
        for user in (self.buyer, self.carrier, self.rival, self.other):
            self.own[user.email] = self._of_anybody(user)
        self.own[self.buyer.email] |= shared | {"request_id": request_id} | self._of_buyer(self.buyer)
        self.own[self.carrier.email] |= shared | {"invitation_id": received} | self._of_carrier(self.carrier)
        self.drafts = {one.email: stage.ok(one, "POST", "/requests", {})["id"] for one in (self.buyer, self.rival)}
        self.own[self.rival.email] |= {"request_id": self.drafts[self.rival.email]} | self._of_buyer(self.rival)
        self.own[self.other.email] |= {"invitation_id": stage.invitation(self.other)} | self._of_carrier(self.other)

    def known(self, user: SignedIn, route: APIRoute) -> dict[str, str]:
        """Return the ids for a route that its user knows: a request that can still be edited where it is edited."""
        own = self.own[user.email]
        if "/edit" in route.path and user.email in self.drafts:
            own = own | {"request_id": self.drafts[user.email]}
        return {name: own[name] for name in _objects(route) if name in own}

    def _of_anybody(self, user: SignedIn) -> dict[str, str]:
        ok = self.stage.ok
        webhook = ok(user, "POST", "/webhooks", {"url": "https://93.184.216.34/hook"})["webhook"]["id"]
        ok(user, "POST", f"/webhooks/{webhook}/test")
        delivery = ok(user, "GET", f"/webhooks/{webhook}/deliveries")["items"][0]["id"]
        key = ok(user, "POST", "/me/api-keys", {"name": "reader", "scopes": ["read"]})["id"]
        notices = ok(user, "GET", "/notices")["items"]
        (session,) = ok(user, "GET", "/me/sessions")
        found = {"webhook_id": webhook, "delivery_id": delivery, "key_id": key, "session_id": session["id"]}
        found["user_id"] = user.principal.user_id
        return found | ({"notice_id": notices[0]["id"]} if notices else {})

    def _of_buyer(self, user: SignedIn) -> dict[str, str]:
        return {"site_id": self.stage.ok(user, "POST", "/sites", SITE | {"label": "Another"})["id"]}

    def _of_carrier(self, user: SignedIn) -> dict[str, str]:
        ok = self.stage.ok
        territory = ok(user, "POST", "/territories", {"name": "West", "states": ["US-WA"]})["id"]
        return {
            "filter_id": ok(user, "GET", "/filters")["items"][0]["id"],
            "terms_id": self.stage.terms(user),
            "territory_id": territory,
        }

    def owners(self, policy: Policy) -> Iterator[tuple[SignedIn, SignedIn]]:
        """Yield who owns things that a policy is about, and a stranger of the same kind and role."""
        if Kind.BUYER in policy.kinds:
            yield self.buyer, self.rival
        if Kind.PROVIDER in policy.kinds:
            yield self.carrier, self.other


def _bodies() -> dict[tuple[str, str], Any]:
    """Return for each command of the API a body that its schema allows, so that what is refused is the object."""
    document = create_app(unconnected()).openapi()
    found = {}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            content = operation.get("requestBody", {}).get("content", {})
            if "application/json" in content:
                found[method.upper(), path] = _example(content["application/json"]["schema"], document)
    return found


def _example(schema: dict[str, Any], document: dict[str, Any], name: str = "") -> Any:
    """Return a value that a schema allows, as far as our schemas go: the example that it gives, or the least."""
    while "$ref" in schema or "anyOf" in schema:
        inner = schema["anyOf"][0] if "anyOf" in schema else document["components"]["schemas"][_last(schema["$ref"])]
        schema = inner | {key: value for key, value in schema.items() if key not in {"$ref", "anyOf"}}
    if name in SAMPLES:
        return SAMPLES[name]
    for key in ("examples", "enum"):
        if schema.get(key):
            return schema[key][0]
    if schema.get("type") == "object":
        parts = schema.get("properties", {})
        return {part: _example(parts[part], document, part) for part in schema.get("required", ())}
    if schema.get("type") == "array":
        return [_example(schema["items"], document)] * schema.get("minItems", 0)
    return schema.get(
        "const", LEAST.get(schema.get("format") or schema.get("type", ""), "x" * schema.get("minLength", 1))
    )


def _last(ref: str) -> str:
    return ref.rpartition("/")[2]


SAMPLES = {"sha256": "0" * 64, "url": "https://93.184.216.34/hook"}
LEAST = {"integer": 1, "number": 1, "boolean": True, "date-time": "2027-01-01T00:00:00Z", "date": "2027-01-01"}


def _objects(route: APIRoute) -> list[str]:
    return [name for name in re.findall(r"{(\w+)}", route.path_format) if name.endswith("_id")]


OBJECT_CASES = [case for case in CASES if _objects(case[1]) and case[2].kinds - {Kind.PLATFORM}]


NOT_MADE = {
    "GET /b/requests/{request_id}/auction/final-offers": "the auction has no round of final offers",
    "GET /b/requests/{request_id}/auction/withdrawals/{bid_id}": "no bid was asked to be taken back",
    "GET /b/requests/{request_id}/award/scenarios/{scenario_id}": "no scenario was saved",
    "GET /requests/{request_id}/own-scenarios/{scenario_id}": "no scenario was saved",
    "GET /b/requests/{request_id}/edit/sites/{ref}": "the draft has no sites",
    "GET /requests/{request_id}/attachments/{attachment}": "the request has no files",
    "GET /invitations/{invitation_id}/attachments/{attachment}": "the request has no files",
}
"""What the owner itself doesn't find, and why."""

REFUSED_BEFORE = {
    "POST /c/invitations/{invitation_id}/won/confirm": "nothing is ticked",
    "POST /requests/{request_id}/import": "it isn't said what is imported",
    "POST /requests/{request_id}/attachments": "there is no file",
    "PUT /invitations/{invitation_id}/bid-sheet": "there is no file",
    "PUT /territories/{territory_id}/buildings": "there is no file",
    "POST /requests/{request_id}/questions/{question_id}/answer": "the stranger's own request takes no questions yet",
    "PUT /requests/{request_id}/questions/{question_id}/answer": "the stranger's own request takes no questions yet",
    "POST /requests/{request_id}/questions/{question_id}/decline": "the stranger's own request takes no questions yet",
}
"""Commands that are refused before the object is looked for, whatever object it is, and why."""


def test_a_foreign_object_is_an_unknown_one(stage: Stage) -> None:
    """Also a foreign object beneath one's own: a bid of others on an own request."""
    deal, bodies = Deal(stage), _bodies()
    told, unreal, early = [], [], set()
    for case in OBJECT_CASES:
        method, route, policy = case
        for owner, stranger in deal.owners(policy):
            foreign = deal.known(owner, route)
            unknown = {name: ids.new(value.partition("_")[0]) for name, value in foreign.items()}
            own = deal.known(stranger, route)
            parent = {name: own[name] for name in _objects(route)[:-1] if name in own}
            if method == "GET" and _asked(stage, owner, case, bodies, foreign)[0] == HTTPStatus.NOT_FOUND:
                unreal.append(_name(case))
            answers = [_asked(stage, stranger, case, bodies, of | parent) for of in (foreign, unknown)]
            if answers[0] != answers[1]:
                told.append((_name(case), parent, answers))
            elif answers[0][0] != HTTPStatus.NOT_FOUND:
                early.add(_name(case))
    assert told == [], "who asks for an object of others learns that there is one"
    assert set(unreal) == set(NOT_MADE), "the owner itself must find it"
    assert early == set(REFUSED_BEFORE)


def _asked(
    stage: Stage,
    who: SignedIn,
    case: tuple[str, APIRoute, Policy],
    bodies: dict[tuple[str, str], Any],
    of: dict[str, str],
) -> tuple[int, str]:
    """Return the answer to a call about objects, without their own ids."""
    method, route, _ = case
    headers = {"Sec-Fetch-Site": "same-origin", "If-Match": "*"}
    body = bodies.get((method, route.path_format))
    answer = stage.call(who, method, _path(route, **of), body, headers=headers, follow_redirects=False)
    text = answer.text
    for name in _objects(route):
        text = text.replace(of[name], f"<{name}>") if name in of else text
    return answer.status_code, re.sub(r"idem_[a-z2-7]{24}", "<key>", text)
