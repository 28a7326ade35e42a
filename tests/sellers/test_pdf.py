"""Terms as PDF: passive, open, whole ones are taken byte for byte; all others are refused with the reason."""

import hashlib
import io
import json
from collections.abc import Callable

import pytest
import typst
from fastapi.testclient import TestClient
from pypdf import PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, NumberObject, TextStringObject

from marketplace.kernel import codec
from marketplace.kernel.errors import MalformedError, TooLargeError, UnsupportedMediaError
from marketplace.wiring import Marketplace
from sellers import pdf
from tests.matching.made import a_provider
from tests.sellers.key_terms_made import HARMLESS

PLAIN: bytes = typst.compile(b"= Terms\nThe fee is 10 %.\n#pagebreak()\nEnd.", format="pdf", ignore_system_fonts=True)


def changed(change: Callable[[PdfWriter], object]) -> bytes:
    writer = PdfWriter(clone_from=io.BytesIO(PLAIN))
    change(writer)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def an_action(kind: str) -> Callable[[PdfWriter], object]:
    def change(writer: PdfWriter) -> None:
        action = DictionaryObject({NameObject("/S"): NameObject(kind), NameObject("/X"): TextStringObject("run")})
        writer.root_object[NameObject("/OpenAction")] = writer._add_object(action)

    return change


def test_pages_and_text_are_read() -> None:
    read = pdf.read_pdf(PLAIN)
    assert read.pages == 2
    assert "The fee is 10 %." in read.text


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (changed(lambda writer: writer.encrypt("secret")), "encrypted"),
        (changed(lambda writer: writer.add_attachment("a.txt", b"x")), "file inside"),
        (changed(an_action("/JavaScript")), "scripts"),
        (changed(an_action("/Launch")), "starts a program"),
        (changed(an_action("/SubmitForm")), "sends data"),
        (changed(lambda w: w.root_object.update({NameObject("/AA"): ArrayObject()})), "run by themselves"),
        (changed(lambda writer: [writer.add_blank_page(10, 10) for _ in range(199)]), "201 pages"),
        (changed(lambda writer: writer.pages[0].update({NameObject("/B"): NumberObject(3)})), "into a contract"),
        (
            changed(lambda w: w.pages[0].update({NameObject("/Annots"): ArrayObject([NumberObject(3)])})),
            "into a contract",
        ),
        (PLAIN[:700], "broken"),
        (b"%PDF-1.7\nnothing of the kind", "broken"),
    ],
)
def test_what_is_not_passive_open_and_whole_is_refused(content: bytes, word: str) -> None:
    with pytest.raises(MalformedError) as caught:
        pdf.read_pdf(content)
    (error,) = caught.value.errors
    assert error.pointer == "/file"
    assert word in error.message


def test_bytes_decide_what_a_pdf_is_and_how_large() -> None:
    with pytest.raises(UnsupportedMediaError):
        pdf.read_pdf(b"<html>")
    with pytest.raises(TooLargeError):
        pdf.read_pdf(PLAIN + bytes(pdf.LARGEST_BYTES))


def test_a_published_pdf_is_kept_byte_for_byte_with_its_key_terms(market: Marketplace, client: TestClient) -> None:
    user, stranger = a_provider(market), a_provider(market)
    stated = json.dumps(codec.dump(HARMLESS))
    form = {"title": "Master agreement", "key_terms": stated}
    answer = client.post("/terms/files", data=form, files={"file": ("x.pdf", PLAIN)}, headers=user.headers)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert made["sha256"] == hashlib.sha256(PLAIN).hexdigest()
    assert (made["version"], made["media_type"], made["pages"]) == (1, "application/pdf", 2)
    assert (made["key_terms"]["notice_days"], made["warnings"]) == (30, [])
    path = f"/terms/{made['id']}/file"
    got = client.get(path, headers=user.headers)
    assert (got.content, got.headers["content-type"]) == (PLAIN, "application/pdf")
    assert client.get(path, headers=stranger.headers).status_code == 404
    text = client.post("/terms", json={"title": "Master agreement", "text": "Hi."}, headers=user.headers).json()
    assert (text["version"], text["key_terms"], text["summary"]["notice_days"]) == (2, None, "Not stated.")
    assert client.get(f"/terms/{text['id']}/file", headers=user.headers).content == b"Hi."


@pytest.mark.parametrize("stated", ["{", "{}", json.dumps(codec.dump(HARMLESS) | {"notice_days": 9999})])
def test_key_terms_that_are_none_are_refused_with_their_place(
    market: Marketplace, client: TestClient, stated: str
) -> None:
    user = a_provider(market)
    form = {"title": "T", "key_terms": stated}
    answer = client.post("/terms/files", data=form, files={"file": ("x.pdf", PLAIN)}, headers=user.headers)
    assert answer.status_code == 422
    assert all(error["pointer"].startswith("/key_terms") for error in answer.json()["errors"])
