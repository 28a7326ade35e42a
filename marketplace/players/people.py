"""Buyers, desks and admins as programs: each step of a deal as one call of the public API."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pyotp

from marketplace.players.api import Api, ApiError

_UNAUTHENTICATED = 401
_MALFORMED = 422


def password_of(seed: str, email: str) -> str:
    """Return the password that the player with this e-mail address uses: the same in every run of one seed."""
    return "Pw-" + hashlib.sha256(f"{seed}:{email}".encode()).hexdigest()[:24]


@dataclass
class Player:
    """A signed-in user that is a program. ``seed`` makes its passwords and keys, so that a broken run can go on."""

    api: Api
    seed: str
    email: str

    def key(self, *parts: object) -> str:
        """Return the Idempotency-Key of one step: the same in every run of one seed."""
        return hashlib.sha256(":".join(map(str, (self.seed, self.email, *parts))).encode()).hexdigest()

    def sign_in(self, initial_password: str) -> None:
        """Sign in; the first time with the initial password, which is changed at once."""
        own = password_of(self.seed, self.email)
        try:
            self._begin_session(initial_password)
        except ApiError as error:
            if error.status != _UNAUTHENTICATED:
                raise
            self._begin_session(own)
            return
        body = {"current_password": initial_password, "new_password": own}
        try:
            self.api.call("POST", "/me/password", body)
        except ApiError as error:
            if error.status != _MALFORMED:
                raise
            self._begin_session(own)  # it was changed, and the answer was lost

    def enter(self, password: str) -> None:
        """Sign in with a password that is known to be the player's own."""
        self._begin_session(password)

    def notices(self) -> list[dict[str, Any]]:
        """Return the newest notices of the player's organization."""
        found: list[dict[str, Any]] = self.api.get("/notices", limit=200)["items"]
        return found

    def _begin_session(self, password: str) -> dict[str, Any]:
        answer: dict[str, Any] = self.api.call("POST", "/sessions", {"email": self.email, "password": password})
        self.api.headers["Authorization"] = f"Bearer {answer['access_token']}"
        return answer


@dataclass
class Admin(Player):
    """A platform admin, who needs a second factor. ``factor`` is its secret, kept by whoever starts the program."""

    factor: str = ""

    def sign_in(self, initial_password: str) -> None:
        """Sign in with both factors; set the second one up the first time."""
        if self.factor:
            self._with_code(password_of(self.seed, self.email))
            return
        super().sign_in(initial_password)
        enrolment = self.api.call("POST", "/me/second-factor", {"password": password_of(self.seed, self.email)})
        self.factor = enrolment["secret"]
        self.api.call("POST", "/me/second-factor/confirm", {"code": pyotp.TOTP(self.factor).at(self.api.pace.now())})

    def enter(self, password: str, *, ahead: int = 0) -> None:
        """Sign in with a password that is known to be the player's own, and a code of the second factor.

        Each code works once: ``ahead`` 1 takes the next one, which is accepted already.
        """
        self._with_code(password, ahead)

    def _with_code(self, password: str, ahead: int = 0) -> None:
        codes = pyotp.TOTP(self.factor)
        code = codes.at(self.api.pace.now() + timedelta(seconds=ahead * codes.interval))
        body = {"email": self.email, "password": password, "code": code}
        answer = self.api.call("POST", "/sessions", body)
        self.api.headers["Authorization"] = f"Bearer {answer['access_token']}"

    def verify_buyer(self, buyer_id: str) -> dict[str, Any]:
        """Read a buyer's case, decide that it is who it says it is, and return the case as it was read."""
        case: dict[str, Any] = self.api.get(f"/verifications/{buyer_id}")
        body = {"decision": "verify", "reason": "Evidence checked by a program that plays an admin."}
        headers = {"If-Match": self.api.etag}
        self.api.post(f"/verifications/{buyer_id}/decisions", body, key=self.key("verify", buyer_id), headers=headers)
        return case

    def approve_provider(self, provider_id: str) -> None:
        """Let a provider receive requests."""
        body = {"reason": "Approved by a program that plays an admin."}
        self.api.post(f"/providers/{provider_id}/approve", body, key=self.key("approve", provider_id))


@dataclass
class Buyer(Player):
    """A buyer's only user: it asks, compares, awards and accepts."""

    def register(self, registration: dict[str, Any]) -> str:
        """Register the organization, sign in and return its id."""
        answer = self.api.post("/buyers", registration, key=self.key("register"))
        self.sign_in(answer["initial_password"])
        return str(answer["buyer_id"])

    def ask_for_verification(self, evidence: dict[str, Any]) -> None:
        """Give evidence (registration numbers by kind) and ask the platform to verify it."""
        self.api.post("/buyer/verification/evidence", evidence, key=self.key("evidence"))
        self.api.post("/buyer/verification/submit", key=self.key("ask for verification"))

    def add_site(self, site: dict[str, Any]) -> str:
        """Put a site into the address book and return its id."""
        added = self.api.post("/sites", site, key=self.key("site", site["label"]))
        return str(added["id"])

    def draft(self, parts: dict[str, Any], name: object = "request") -> dict[str, Any]:
        """Begin a request."""
        request: dict[str, Any] = self.api.post("/requests", parts, key=self.key("draft", name))
        return request

    def import_rows(self, request: dict[str, Any], what: str, csv_text: str) -> dict[str, Any]:
        """Import sites or lines into a draft; return what the import says."""
        done: dict[str, Any] = self.api.post(
            f"/requests/{request['id']}/import",
            key=self.key("import", request["id"], what),
            params={"what": what},
            content=csv_text.encode(),
            headers={"Content-Type": "text/csv", "If-Match": f'"{request["revision"]}"'},
        )
        return done

    def edit(self, request: dict[str, Any], parts: dict[str, Any], name: object = "edit") -> dict[str, Any]:
        """Replace parts of a draft."""
        edited: dict[str, Any] = self.api.call(
            "PATCH",
            f"/requests/{request['id']}",
            parts,
            key=self.key("edit", request["id"], name),
            headers={"If-Match": f'"{request["revision"]}"'},
        )
        return edited

    def submit(self, request_id: str, accept: tuple[str, ...] = (), name: object = "") -> dict[str, Any]:
        """Submit a draft, taking responsibility for the words ``accept`` of findings."""
        done: dict[str, Any] = self.api.post(
            f"/requests/{request_id}/submit",
            {"accept_findings": list(accept)} if accept else {},
            key=self.key("submit", request_id, *([name] if name else [])),
        )
        return done

    def request(self, request_id: str) -> dict[str, Any]:
        """Return a request as it stands."""
        found: dict[str, Any] = self.api.get(f"/requests/{request_id}")
        return found

    def findings(self, request_id: str) -> list[dict[str, Any]]:
        """Return where the buyer's identity shows in a request."""
        found: list[dict[str, Any]] = self.api.get(f"/requests/{request_id}/findings")
        return found

    def withdraw(self, request_id: str, reason: str) -> None:
        """Take a request back for good."""
        self.api.post(f"/requests/{request_id}/withdraw", {"reason": reason}, key=self.key("withdraw", request_id))

    def compare(self, request_id: str) -> dict[str, Any]:
        """Return the comparison of the opened bids."""
        comparison: dict[str, Any] = self.api.get(f"/requests/{request_id}/comparison")
        return comparison

    def preview(self, request_id: str, selection: dict[str, Any]) -> dict[str, Any]:
        """Return who would learn what from an award."""
        found: dict[str, Any] = self.api.call("POST", f"/requests/{request_id}/award/preview", selection)
        return found

    def award(self, request_id: str, selection: dict[str, Any]) -> dict[str, Any]:
        """Look at what would be revealed, then award."""
        self.preview(request_id, selection)
        award: dict[str, Any] = self.api.post(
            f"/requests/{request_id}/award", selection, key=self.key("award", request_id)
        )
        return award

    def awards(self, request_id: str) -> list[dict[str, Any]]:
        """Return the decisions on a request, newest first."""
        found: list[dict[str, Any]] = self.api.get(f"/requests/{request_id}/awards")
        return found

    def invitation_counts(self, request_id: str) -> dict[str, int]:
        """Return how many carriers received a request and what they did."""
        found: dict[str, int] = self.api.get(f"/requests/{request_id}/invitations")
        return found

    def contracts(self, request_id: str) -> list[dict[str, Any]]:
        """Return the contracts, presented or accepted, of a request."""
        found: list[dict[str, Any]] = self.api.get(f"/requests/{request_id}/contracts")
        return found

    def accept(self, contract_id: str, sha256: str) -> dict[str, Any]:
        """Accept the terms that were presented."""
        body = {"sha256": sha256, "accepted_terms": True}
        accepted: dict[str, Any] = self.api.post(
            f"/contracts/{contract_id}/acceptance", body, key=self.key("accept", contract_id)
        )
        return accepted


@dataclass
class Desk(Player):
    """A provider's only user: it saves filters, bids and meets the buyers that it won."""

    terms_id: str = ""

    def register(self, registration: dict[str, Any]) -> str:
        """Register the company, sign in and return its id."""
        answer = self.api.post("/providers", registration, key=self.key("register"))
        self.sign_in(answer["initial_password"])
        return str(answer["provider"]["id"])

    def publish_terms(self, title: str, text: str) -> None:
        """Put the terms that go with every bid into the library."""
        answer = self.api.post("/terms", {"title": title, "text": text}, key=self.key("terms", title))
        self.terms_id = str(answer["id"])

    def replace_filters(self, filters: list[dict[str, Any]]) -> None:
        """Make these the provider's filters."""
        self.api.call("PUT", "/filters", filters, key=self.key("filters", len(filters)))

    def invitations(self) -> list[dict[str, Any]]:
        """Return all requests that it received, newest first."""
        found: list[dict[str, Any]] = []
        after = None
        while True:
            page = self.api.get("/invitations", limit=200, **({"after": after} if after else {}))
            found += page["items"]
            after = page["next"]
            if after is None:
                return found

    def invitation_to(self, pseudonym: str) -> dict[str, Any] | None:
        """Return the invitation to the request under ``pseudonym``, None if it was not received."""
        after = None
        while True:
            page = self.api.get("/invitations", limit=20, **({"after": after} if after else {}))
            for item in page["items"]:
                if item["pseudonym"] == pseudonym:
                    return dict(item)
            after = page["next"]
            if after is None:
                return None

    def open(self, invitation_id: str) -> dict[str, Any]:
        """Open a request: what it asks for and why it matched."""
        opened: dict[str, Any] = self.api.get(f"/invitations/{invitation_id}")
        return opened

    def bid(self, invitation_id: str, body: dict[str, Any], name: object = "bid") -> list[dict[str, Any]]:
        """Bid with the published terms; return the receipts."""
        answer = self.api.post(
            f"/invitations/{invitation_id}/bids",
            body | {"terms_id": self.terms_id},
            key=self.key("bid", invitation_id, name),
        )
        receipts: list[dict[str, Any]] = answer["receipts"]
        return receipts

    def confirm(self, invitation_id: str) -> list[dict[str, Any]]:
        """Confirm every award that waits for it; return the confirmed ones."""
        path = f"/invitations/{invitation_id}/award/confirmation"
        return [
            self.api.post(path, {"award_id": one["award_id"]}, key=self.key("confirm", one["award_id"]))
            for one in self.api.get(path)
            if one["status"] == "awaited"
        ]

    def meet_buyer(self, invitation_id: str) -> dict[str, Any]:
        """Return who the buyer is; 404 for everybody who has not won."""
        identity: dict[str, Any] = self.api.get(f"/invitations/{invitation_id}/buyer")
        return identity
