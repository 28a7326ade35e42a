"""A version of a terms document never changes, and its hash is that of its text."""

import hashlib

import pytest
from fastapi.testclient import TestClient

from marketplace.kernel import journal
from marketplace.kernel.errors import MalformedError
from marketplace.wiring import Marketplace
from sellers import rules
from tests.matching.made import a_provider

TEXT = "# Terms\n\nNaïve customers pay 30 €, at once.\n"


def test_a_title_published_again_is_its_next_version_and_the_earlier_stays(
    market: Marketplace, client: TestClient
) -> None:
    user = a_provider(market)
    for number, text in enumerate((TEXT, "Shorter."), 1):
        answer = client.post("/terms", json={"title": "Master agreement", "text": text}, headers=user.headers)
        assert (answer.status_code, answer.json()["version"]) == (201, number)
        assert answer.json()["sha256"] == hashlib.sha256(text.encode()).hexdigest()
        read = client.get(answer.headers["Location"], headers=user.headers).json()
        assert (read["text"], read["sha256"]) == (text, answer.json()["sha256"])
    other = client.post("/terms", json={"title": "Mobile", "text": TEXT}, headers=user.headers).json()
    assert other["version"] == 1
    listed = client.get("/terms", headers=user.headers).json()["items"]
    assert sorted((item["title"], item["version"]) for item in listed) == [
        ("Master agreement", 1),
        ("Master agreement", 2),
        ("Mobile", 1),
    ]
    assert all("text" not in item for item in listed)
    with market.workshop.reading() as reading:
        told = list(journal.of_stream(reading.session, f"provider:{user.principal.organization_id}"))
    assert (told[-1].name, told[-1].data["sha256"]) == ("terms.published", other["sha256"])


def test_the_hash_is_of_the_text_byte_for_byte() -> None:
    assert rules.terms_hash("a\r\n") != rules.terms_hash("a\n")
    assert rules.terms_hash("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.mark.parametrize("text", ["", " \n", "x" * (rules.MAX_TERMS_BYTES + 1), "€" * (rules.MAX_TERMS_BYTES // 3 + 1)])
def test_terms_are_neither_empty_nor_longer_than_the_limit_in_bytes(text: str) -> None:
    with pytest.raises(MalformedError) as caught:
        rules.terms_hash(text)
    assert caught.value.errors[0].pointer == "/text"


def test_the_longest_terms_are_taken() -> None:
    assert rules.terms_hash("x" * rules.MAX_TERMS_BYTES)


def test_anothers_terms_are_nothing(market: Marketplace, client: TestClient) -> None:
    owner, stranger = a_provider(market), a_provider(market)
    path = client.post("/terms", json={"title": "T", "text": TEXT}, headers=owner.headers).headers["Location"]
    assert client.get(path, headers=stranger.headers).status_code == 404
    assert client.get("/terms", headers=stranger.headers).json()["items"] == []
