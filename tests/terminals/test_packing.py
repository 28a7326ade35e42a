"""Pages travel packed, streams and foreign requests don't, and what is unpacked is the page."""

import asyncio
import gzip
from collections.abc import AsyncIterator

import pytest
from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from marketplace.terminals import packing

PAGE = b"<!doctype html>" + b"<p>Nothing to award yet.</p>" * 100


def _request(**headers: str) -> Request:
    given = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "GET", "path": "/b", "query_string": b"", "headers": given})


def _packed(request: Request, response: Response) -> Response:
    return asyncio.run(packing.packed(request, response))


@given(st.binary(max_size=60_000), st.sampled_from(("text/html; charset=utf-8", "text/csv", "image/svg+xml")))
def test_what_is_unpacked_is_what_was_packed_and_never_longer(content: bytes, media: str) -> None:
    answer = _packed(_request(accept_encoding="br, gzip;q=0.8"), Response(content, media_type=media))
    body = bytes(answer.body)
    assert answer.headers["content-length"] == str(len(body))
    assert len(body) <= len(content)
    assert (gzip.decompress(body) if "content-encoding" in answer.headers else body) == content


@pytest.mark.parametrize("accepted", ["", "br", "identity", "gzip;q=0", "deflate, gzip; q=0.0"])
def test_who_takes_no_gzip_gets_the_page_as_it_is(accepted: str) -> None:
    answer = _packed(_request(accept_encoding=accepted), Response(PAGE, media_type="text/html"))
    assert bytes(answer.body) == PAGE
    assert answer.headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_what_a_foreign_page_asks_for_has_a_length_that_tells_nothing(site: str) -> None:
    request = _request(accept_encoding="gzip", sec_fetch_site=site)
    assert bytes(_packed(request, Response(PAGE, media_type="text/html")).body) == PAGE


def test_files_that_are_packed_already_stay_as_they_are() -> None:
    answer = _packed(_request(accept_encoding="gzip"), Response(PAGE, media_type="application/pdf"))
    assert "content-encoding" not in answer.headers


def test_stream_leaves_message_by_message() -> None:
    async def messages() -> AsyncIterator[bytes]:
        yield b"data: now\n\n"

    stream = StreamingResponse(messages(), media_type="text/event-stream")
    answer = _packed(_request(accept_encoding="gzip"), stream)
    assert answer is stream
    assert "content-encoding" not in answer.headers


def test_pages_and_their_style_are_sent_packed_and_the_api_is_not(client: TestClient) -> None:
    page = client.get("/help", headers={"Accept-Encoding": "gzip"})
    assert page.headers["content-encoding"] == "gzip"
    assert "Accept-Encoding" in page.headers["vary"]
    assert "HX-Request" in page.headers["vary"]
    assert int(page.headers["content-length"]) < len(page.content) / 2
    assert "content-encoding" not in client.get("/openapi.json", headers={"Accept-Encoding": "gzip"}).headers
