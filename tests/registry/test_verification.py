from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from buyers.registry import rules, service
from marketplace.kernel import journal
from marketplace.kernel.access import Kind, UserRole
from marketplace.kernel.clock import StagedClock
from marketplace.wiring import Marketplace
from tests.factories import REGISTRATION, SignedIn, a_registered_buyer, a_user

PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(40)


Later = Callable[[timedelta], None]


@pytest.fixture
def later(clock: StagedClock, run_worker: Callable[[], None]) -> Later:
    """Let time pass, and the worker do what became due."""

    def pass_time(step: timedelta) -> None:
        clock.now += step
        run_worker()

    return pass_time


@pytest.fixture
def ann(market: Marketplace) -> SignedIn:
    """An admin of the platform."""
    return a_user(market, Kind.PLATFORM)


@pytest.fixture
def ben(market: Marketplace, ann: SignedIn) -> SignedIn:
    """Another admin of the platform."""
    return a_user(market, Kind.PLATFORM, organization_id=ann.principal.organization_id)


@pytest.fixture
def buyer(client: TestClient, market: Marketplace) -> SignedIn:
    """An admin of a buyer that has just registered."""
    return a_registered_buyer(client, market)


@pytest.fixture
def waiting(client: TestClient, buyer: SignedIn) -> SignedIn:
    """The buyer after it gave a number and asked to be verified."""
    evidence = client.post(
        "/buyer/verification/evidence", json={"numbers": {"ein": "91-1144442"}}, headers=buyer.headers
    )
    assert evidence.status_code == 200, evidence.text
    asked = client.post("/buyer/verification/submit", headers=buyer.headers)
    assert asked.json()["status"] == "pending"
    return buyer


def upload(client: TestClient, buyer: SignedIn, content: bytes, name: str = "extract.pdf") -> Any:
    files = {"file": (name, content, "application/pdf")}
    return client.post("/buyer/verification/documents", files=files, headers=buyer.headers)


def decide(client: TestClient, admin: SignedIn, buyer: SignedIn, decision: str, reason: str = "seen") -> Any:
    case = f"/verifications/{buyer.principal.organization_id}"
    version = client.get(case, headers=admin.headers).headers["ETag"]
    body = {"decision": decision, "reason": reason}
    return client.post(f"{case}/decisions", json=body, headers=admin.headers | {"If-Match": version})


def status(client: TestClient, buyer: SignedIn) -> str:
    return str(client.get("/buyer/verification", headers=buyer.headers).json()["status"])


def events(market: Marketplace, buyer: SignedIn) -> list[str]:
    with market.workshop.reading() as reading:
        stream = f"buyer:{buyer.principal.organization_id}"
        return [event.name for event in journal.of_stream(reading.session, stream)]


def test_a_buyer_is_verified_for_a_year(
    client: TestClient, market: Marketplace, later: Later, ann: SignedIn, waiting: SignedIn
) -> None:
    decided = decide(client, ann, waiting, "verify", "the EIN is that of the library")
    assert decided.status_code == 200, decided.text
    assert decided.json()["status"] == "verified"
    buyer_id = waiting.principal.organization_id
    later(timedelta(days=365) - timedelta(seconds=1))
    with market.workshop.reading() as reading:
        assert service.is_verified(reading, buyer_id)
    with market.workshop.reading() as reading:
        verification = service.get(reading, buyer_id).verification
    assert verification.until is not None
    assert not rules.is_verified(verification, verification.until), "the clock decides, the alarm has not rung yet"
    later(timedelta(seconds=1))
    assert events(market, waiting)[-1] == "buyer.verification_expired"
    with market.workshop.reading() as reading:
        assert service.get(reading, buyer_id).verification.status == "expired"


def test_a_renewed_verification_does_not_end_at_the_first_date(
    client: TestClient, market: Marketplace, later: Later, ann: SignedIn, waiting: SignedIn
) -> None:
    decide(client, ann, waiting, "verify")
    later(timedelta(minutes=5))
    decide(client, ann, waiting, "verify", "the new extract says the same")
    later(timedelta(days=365) - timedelta(minutes=1))
    with market.workshop.reading() as reading:
        assert service.is_verified(reading, waiting.principal.organization_id)


def test_a_rejected_buyer_reads_why_and_asks_again(
    client: TestClient, market: Marketplace, ann: SignedIn, waiting: SignedIn
) -> None:
    decide(client, ann, waiting, "reject", "the number belongs to another library")
    seen = client.get("/buyer/verification", headers=waiting.headers).json()
    assert (seen["status"], seen["reason"]) == ("rejected", "the number belongs to another library")
    assert client.post("/buyer/verification/submit", headers=waiting.headers).json()["status"] == "pending"
    assert decide(client, ann, waiting, "revoke").json()["type"] == "/problems/not-decidable"
    assert events(market, waiting)[-3:] == ["buyer.rejected", "buyer.verification_requested", "identity.read"]


def test_a_flagged_case_is_decided_by_another_admin(
    client: TestClient, later: Later, ann: SignedIn, ben: SignedIn, waiting: SignedIn
) -> None:
    flagged = decide(client, ann, waiting, "flag", "the name is that of a city")
    assert (flagged.json()["status"], flagged.json()["flagged"]) == ("pending", True)
    assert "city" not in client.get("/buyer/verification", headers=waiting.headers).text
    later(timedelta(minutes=1))
    for decision in ("verify", "reject"):
        assert decide(client, ann, waiting, decision).json()["type"] == "/problems/second-admin-needed"
    assert decide(client, ben, waiting, "flag").status_code == 409
    assert decide(client, ben, waiting, "verify").json()["status"] == "verified"
    later(timedelta(minutes=1))
    assert decide(client, ann, waiting, "flag").json()["status"] == "verified"
    later(timedelta(minutes=1))
    assert decide(client, ann, waiting, "revoke").status_code == 409
    assert decide(client, ben, waiting, "revoke").json()["status"] == "revoked"
    case = client.get(f"/verifications/{waiting.principal.organization_id}", headers=ann.headers).json()
    assert [item["decision"] for item in case["decisions"]] == ["flag", "verify", "flag", "revoke"]


def test_a_decision_is_on_what_the_admin_read(client: TestClient, ann: SignedIn, waiting: SignedIn) -> None:
    case = f"/verifications/{waiting.principal.organization_id}"
    version = client.get(case, headers=ann.headers).headers["ETag"]
    client.patch("/buyer", json={"name": "Big Bank"}, headers=waiting.headers | {"If-Match": "*"})
    body = {"decision": "verify", "reason": "the library is known"}
    stale = client.post(f"{case}/decisions", json=body, headers=ann.headers | {"If-Match": version})
    assert stale.status_code == 412
    assert client.post(f"{case}/decisions", json=body, headers=ann.headers).status_code == 428
    empty = client.post(f"{case}/decisions", json=body | {"reason": "  "}, headers=ann.headers | {"If-Match": "*"})
    assert empty.status_code == 422
    assert status(client, waiting) == "pending"


@pytest.mark.parametrize(
    "change",
    [{"name": "Another Library"}, {"numbers": {"duns": "15-048-3782"}}],
)
def test_a_verified_identity_that_changes_is_to_be_verified_again(
    client: TestClient, market: Marketplace, ann: SignedIn, waiting: SignedIn, change: dict[str, Any]
) -> None:
    decide(client, ann, waiting, "verify")
    client.patch("/buyer", json={"contact": REGISTRATION["contact"]}, headers=waiting.headers | {"If-Match": "*"})
    assert status(client, waiting) == "verified"
    changed = client.patch("/buyer", json=change, headers=waiting.headers | {"If-Match": "*"})
    assert changed.json()["verification"] == "pending"
    assert events(market, waiting)[-2:] == ["buyer.changed", "buyer.verification_revoked"]
    with market.workshop.reading() as reading:
        assert not service.is_verified(reading, waiting.principal.organization_id)


def test_without_evidence_nobody_asks_to_be_verified(client: TestClient, buyer: SignedIn) -> None:
    refused = client.post("/buyer/verification/submit", headers=buyer.headers)
    assert refused.json()["type"] == "/problems/verification-not-submittable"
    assert upload(client, buyer, PDF).status_code == 201
    assert client.post("/buyer/verification/submit", headers=buyer.headers).status_code == 200


def test_a_document_is_what_its_bytes_are(client: TestClient, buyer: SignedIn) -> None:
    uploaded = upload(client, buyer, PNG, "scan\x01.pdf")
    assert uploaded.status_code == 201, uploaded.text
    assert uploaded.json()["media_type"] == "image/png"
    again = upload(client, buyer, PNG)
    assert again.json()["id"] == uploaded.json()["id"]
    for wrong in (b"<html>%PDF-1.7</html>", b"MZ" + bytes(90), b"PK\x03\x04" + bytes(40), b"plain words", b""):
        assert upload(client, buyer, wrong).status_code == 415, wrong
    assert upload(client, buyer, PDF + bytes(5_000_000)).status_code == 413
    shown = client.get("/buyer/verification", headers=buyer.headers).json()["documents"]
    assert [item["sha256"] for item in shown] == [uploaded.json()["sha256"]]


def test_documents_have_a_limit(client: TestClient, buyer: SignedIn) -> None:
    answers = [upload(client, buyer, PDF + bytes([number])).status_code for number in range(21)]
    assert answers == [201] * 20 + [409]


def test_every_reading_of_the_identity_is_shown_to_the_buyer(
    client: TestClient, ann: SignedIn, waiting: SignedIn, clock: StagedClock
) -> None:
    document_id = upload(client, waiting, PDF).json()["id"]
    case = f"/verifications/{waiting.principal.organization_id}"
    shown = client.get(case, headers=ann.headers).json()
    assert shown["buyer"]["name"] == "Riverbend Public Library"
    assert {check["name"]: check["passed"] for check in shown["checks"]}["ein: claimed once"]
    file = client.get(f"{case}/documents/{document_id}", headers=ann.headers)
    assert (file.content, file.headers["Content-Type"]) == (PDF, "application/pdf")
    assert file.headers["Content-Disposition"] == f'attachment; filename="{document_id}.pdf"'
    client.get("/verifications", headers=ann.headers)
    first = client.get("/buyer/identity-readings?limit=1", headers=waiting.headers).json()
    second = client.get(f"/buyer/identity-readings?limit=1&after={first['next']}", headers=waiting.headers).json()
    at = clock.now.isoformat().replace("+00:00", "Z")
    user_id = ann.principal.user_id
    assert first["items"] == [{"at": at, "user_id": user_id, "document_id": document_id}]
    assert (second["items"], second["next"]) == ([{"at": at, "user_id": user_id, "document_id": None}], None)


def test_a_number_that_two_buyers_give_is_seen(
    client: TestClient, market: Marketplace, ann: SignedIn, waiting: SignedIn
) -> None:
    other = a_registered_buyer(client, market, "lee@hillside-clinic.example.org")
    client.post("/buyer/verification/evidence", json={"numbers": {"ein": "911144442"}}, headers=other.headers)
    case = client.get(f"/verifications/{waiting.principal.organization_id}", headers=ann.headers).json()
    assert {"name": "ein: claimed once", "passed": False, "finding": "another buyer gave the same number"} in case[
        "checks"
    ]


def test_the_queue_names_nobody_and_begins_with_the_longest_waiting(
    client: TestClient, market: Marketplace, clock: StagedClock, ann: SignedIn, waiting: SignedIn
) -> None:
    clock.now += timedelta(minutes=1)
    other = a_registered_buyer(client, market, "lee@hillside-clinic.example.org")
    upload(client, other, PDF)
    client.post("/buyer/verification/submit", headers=other.headers)
    clock.now += timedelta(minutes=1)
    first = client.get("/verifications?status=pending&limit=1", headers=ann.headers)
    assert "Riverbend" not in first.text
    (entry,) = first.json()["items"]
    assert (entry["buyer_id"], entry["waiting_seconds"]) == (waiting.principal.organization_id, 120)
    second = client.get(f"/verifications?limit=1&after={first.json()['next']}", headers=ann.headers).json()
    (entry,) = second["items"]
    assert (entry["buyer_id"], entry["numbers"], entry["documents"]) == (other.principal.organization_id, 0, 1)
    assert second["next"] is None
    assert client.get("/verifications?after=WyJ4IiwieSJd", headers=ann.headers).status_code == 422


def test_nobody_but_admins_of_the_platform_verifies(
    client: TestClient, market: Marketplace, ann: SignedIn, waiting: SignedIn
) -> None:
    case = f"/verifications/{waiting.principal.organization_id}"
    body = {"decision": "verify", "reason": "it is me"}
    agent = a_user(market, Kind.PLATFORM, UserRole.AGENT, ann.principal.organization_id)
    for caller in (waiting, agent, a_user(market, Kind.PROVIDER), a_user(market, Kind.BUYER)):
        headers = caller.headers | {"If-Match": "*"}
        assert client.post(f"{case}/decisions", json=body, headers=headers).status_code == 403
        assert client.get(case, headers=headers).status_code == 403
        assert client.get("/verifications", headers=headers).status_code == 403
    assert client.get("/verifications/org_unknown", headers=ann.headers).status_code == 404
    assert client.get(f"{case}/documents/doc_unknown", headers=ann.headers).status_code == 404
    assert client.get("/buyer/identity-readings", headers=waiting.headers).json()["items"] == []
