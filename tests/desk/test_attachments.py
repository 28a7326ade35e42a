"""A buyer's files reach the carriers without metadata, under names that say nothing, and only with a request."""

from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
import typst
from fastapi.testclient import TestClient
from httpx import Response
from openpyxl import Workbook
from sqlalchemy import text

from buyers.requests.attachments.service import MOST, plain_name
from marketplace.kernel.access import Kind
from marketplace.kernel.clock import StagedClock
from marketplace.wiring import Marketplace
from sellers.model import Criteria
from tests.factories import REGISTRATION, SignedIn, a_registered_buyer, a_user, as_owner
from tests.matching.made import INTERNET, a_provider

HERE = {"Sec-Fetch-Site": "same-origin"}
OWNER: str = REGISTRATION["name"]


def plan(words: str = "Two risers, one shaft.") -> bytes:
    """A PDF by its owner."""
    return typst.compile(f'#set document(author: "{OWNER}", title: "{OWNER}")\n{words}'.encode())


@pytest.fixture
def buyer(client: TestClient, market: Marketplace, clock: StagedClock) -> SignedIn:
    registered = a_registered_buyer(client, market)
    with as_owner(market) as connection:
        query = "UPDATE registry.buyers SET status = 'verified', verified_until = :until"
        connection.execute(text(query), {"until": clock.now + timedelta(days=300)})
    return registered


@pytest.fixture
def draft(client: TestClient, buyer: SignedIn, clock: StagedClock) -> str:
    line = {"ref": "L1", "service_type": INTERNET, "features": [{"code": "bandwidth_mbps", "value": 100}]}
    schedule = {"closes_at": (clock.now + timedelta(days=2)).isoformat()}
    body = {"title": "Internet access", "lines": [line], "schedule": schedule}
    made: dict[str, Any] = client.post("/requests", json=body, headers=buyer.headers).json()
    return f"/requests/{made['id']}"


def attach(client: TestClient, buyer: SignedIn, draft: str, name: str, content: bytes) -> Response:
    etag = client.get(draft, headers=buyer.headers).headers["ETag"]
    files = {"file": (name, content)}
    sent: Response = client.post(f"{draft}/attachments", files=files, headers=buyer.headers | {"If-Match": etag})
    return sent


def listed(client: TestClient, buyer: SignedIn, draft: str) -> list[dict[str, Any]]:
    content: dict[str, Any] = client.get(draft, headers=buyer.headers).json()["content"]
    return list(content["attachments"])


def publish(client: TestClient, buyer: SignedIn, draft: str, **body: Any) -> Response:
    sent: Response = client.post(f"{draft}/submit", json=body, headers=buyer.headers)
    return sent


def test_carriers_get_the_bare_file_and_who_is_not_invited_gets_nothing(
    client: TestClient, market: Marketplace, buyer: SignedIn, draft: str, run_worker: Callable[[], None]
) -> None:
    carrier, other = a_provider(market, Criteria()), a_provider(market, Criteria(service_types=("voice",)))
    sent = plan()
    answer = attach(client, buyer, draft, f"C:\\plans\\risers {OWNER}.pdf", sent)
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"] == f"{draft}/attachments/A1"
    refused = publish(client, buyer, draft)
    assert refused.status_code == 409
    assert [error["pointer"] for error in refused.json()["errors"]] == ["/attachments/0/name"]
    etag = client.get(draft, headers=buyer.headers).headers["ETag"]
    assert client.delete(f"{draft}/attachments/A1", headers=buyer.headers | {"If-Match": etag}).status_code == 200
    assert attach(client, buyer, draft, "risers.pdf", sent).status_code == 201
    assert publish(client, buyer, draft).status_code == 200
    run_worker()
    invitation = client.get("/invitations", headers=carrier.headers).json()["items"][0]["id"]
    view = client.get(f"/invitations/{invitation}", headers=carrier.headers).json()
    (shown,) = view["request"]["attachments"]
    assert (shown["name"], shown["media_type"]) == ("risers", "application/pdf")
    got = client.get(f"/invitations/{invitation}/attachments/A1", headers=carrier.headers)
    assert got.headers["Content-Disposition"] == 'attachment; filename="attachment-A1.pdf"'
    assert got.headers["ETag"] == f'"{shown["sha256"]}"'
    assert OWNER.encode() in sent
    assert OWNER.encode() not in got.content
    assert got.content == client.get(f"{draft}/attachments/A1", headers=buyer.headers).content
    page = client.get(f"/c/invitations/{invitation}", headers=carrier.headers)
    assert f'href="/invitations/{invitation}/attachments/A1"' in page.text
    assert f'href="{draft}/attachments/A1"' in client.get(f"/b{draft}/preview", headers=buyer.headers).text
    assert client.get(f"/invitations/{invitation}/attachments/A2", headers=carrier.headers).status_code == 404
    assert client.get(f"/invitations/{invitation}/attachments/A1", headers=other.headers).status_code == 404
    assert client.get(f"{draft}/attachments/A1", headers=a_user(market, Kind.BUYER).headers).status_code == 404
    assert client.get(f"{draft}/attachments/A1", headers=carrier.headers).status_code == 403


def test_a_name_in_the_text_of_a_file_has_to_be_taken_out_or_answered_for(
    client: TestClient, buyer: SignedIn, draft: str
) -> None:
    book, written = Workbook(), BytesIO()
    book.create_sheet("Racks").append(["owner", f"The {OWNER}"])
    book.save(written)
    attach(client, buyer, draft, "racks.xlsx", written.getvalue()).raise_for_status()
    found = client.get(f"{draft}/findings", headers=buyer.headers).json()
    assert {(one["pointer"], one["text"]) for one in found} == {("/attachments/0/text", OWNER)}
    assert OWNER in client.get(f"/b{draft}/edit/review", headers=buyer.headers).text
    assert publish(client, buyer, draft).status_code == 409
    assert publish(client, buyer, draft, accept_findings=[OWNER]).status_code == 200


def test_files_are_fixed_once_the_request_is_published(client: TestClient, buyer: SignedIn, draft: str) -> None:
    attach(client, buyer, draft, "risers.pdf", plan()).raise_for_status()
    publish(client, buyer, draft).raise_for_status()
    assert attach(client, buyer, draft, "more.pdf", plan()).status_code == 409
    etag = client.get(draft, headers=buyer.headers).headers["ETag"]
    assert client.delete(f"{draft}/attachments/A1", headers=buyer.headers | {"If-Match": etag}).status_code == 409
    change = {"description": "The shaft is free."}
    amended = client.post(f"{draft}/amendments", json=change, headers=buyer.headers | {"If-Match": etag})
    assert amended.status_code == 200, amended.text
    assert [one["ref"] for one in listed(client, buyer, draft)] == ["A1"]


def test_limits_are_kept_and_an_edit_of_the_draft_leaves_its_files_alone(
    client: TestClient, buyer: SignedIn, draft: str
) -> None:
    small = plan("1")
    for _ in range(MOST):
        attach(client, buyer, draft, "risers.pdf", small).raise_for_status()
    assert attach(client, buyer, draft, "risers.pdf", small).json()["type"].endswith("too-many-attachments")
    assert attach(client, buyer, draft, "risers.gif", b"GIF89a").status_code == 415
    assert attach(client, buyer, draft, "risers.pdf", b"%PDF-1.7 broken").status_code == 422
    stale = {"If-Match": '"1"'}
    assert client.delete(f"{draft}/attachments/A1", headers=buyer.headers | stale).status_code == 412
    etag = client.get(draft, headers=buyer.headers).headers["ETag"]
    edited = client.patch(draft, json={"title": "Access"}, headers=buyer.headers | {"If-Match": etag})
    assert edited.status_code == 200
    assert len(listed(client, buyer, draft)) == MOST


def test_files_are_attached_and_taken_out_in_the_wizard(client: TestClient, buyer: SignedIn, draft: str) -> None:
    step, headers = f"/b{draft}/edit", buyer.headers | HERE
    at = f"{step}/attachments"
    empty = client.post(at, files={"file": ("", b"")}, headers=headers, follow_redirects=False)
    assert empty.status_code == 422
    broken = client.post(at, files={"file": ("a.pdf", b"%PDF-")}, headers=headers, follow_redirects=False)
    assert broken.status_code == 422
    assert "it is broken" in broken.text
    done = client.post(at, files={"file": ("risers.pdf", plan())}, headers=headers, follow_redirects=False)
    assert done.status_code == 303
    assert f'href="{draft}/attachments/A1"' in client.get(f"{step}/basics", headers=buyer.headers).text
    gone = client.post(f"{at}/A1/remove", headers=headers, follow_redirects=False)
    assert gone.status_code == 303
    assert listed(client, buyer, draft) == []


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("plan.pdf", "plan"),
        ("../../etc/plan.v2.pdf", "plan.v2"),
        ("C:\\Users\\dana\\plan\u202efdp.pdf", "planfdp"),
        ("  floor\n plan .xlsx", "floor plan"),
        (".pdf", "file"),
        ("", "file"),
        ("x" * 500 + ".png", "x" * 120),
    ],
)
def test_a_file_is_known_by_its_bare_name(name: str, plain: str) -> None:
    assert plain_name(name) == plain
