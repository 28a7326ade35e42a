"""Traces: a span for what is done, with nothing in it of what it is about; and none unless they are switched on."""

import json
import sys
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from fastapi.testclient import TestClient
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from marketplace.app import create_app
from marketplace.kernel import otlp, tracing
from marketplace.kernel.clock import StagedClock
from marketplace.kernel.config import Settings
from marketplace.wiring import Marketplace, assemble
from tests.factories import a_registered_buyer
from tests.security.made import Stage
from tests.stories.made import begin

SECRET = "tok_a-secret-that-no-trace-may-hold"
KNOWN = {"http.request.method", "http.route", "http.response.status_code", "committed", "orders", "reaction", "events"}
RACE = {"preset": "open_price_race", "ceiling": "20000.00", "decrement": "100.00"}


@pytest.fixture
def stage(market: Marketplace, client: TestClient, clock: StagedClock, run_worker: Callable[[], None]) -> Stage:
    return Stage(market, client, clock, run_worker)


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    tracer = otlp.OpenTelemetry(SimpleSpanProcessor(exporter))
    tracing.use(tracer)
    yield exporter
    tracing.use(None)
    tracer.end()


@pytest.fixture
def traced_client(market: Marketplace, clock: StagedClock) -> Iterator[TestClient]:
    settings = market.settings.model_copy(update={"traces_url": "http://127.0.0.1:9"})
    with TestClient(create_app(assemble(settings, clock, market.database)), raise_server_exceptions=False) as client:
        yield client


def of(exporter: InMemorySpanExporter, name: str) -> list[ReadableSpan]:
    return [span for span in exporter.get_finished_spans() if span.name == name]


def test_a_request_and_its_command_are_spans_without_anything_that_they_hold(
    spans: InMemorySpanExporter, traced_client: TestClient, market: Marketplace
) -> None:
    buyer = a_registered_buyer(traced_client, market)
    headers = buyer.headers | {"traceparent": SECRET}
    traced_client.post(f"/requests/{SECRET}/submit?x={SECRET}", json={}, headers=headers | {"If-Match": '"1"'})
    traced_client.get(f"/requests/{SECRET}", headers=headers)
    traced_client.get(f"/{SECRET}")
    told = [dict(span.attributes or {}) for span in of(spans, "request")]
    assert [(one["http.route"], one["http.response.status_code"]) for one in told] == [
        ("/buyers", 201),
        ("/requests/{request_id}/submit", 404),
        ("/requests/{request_id}", 404),
        ("", 404),
    ]
    commands, requests = of(spans, "command"), of(spans, "request")
    assert [dict(span.attributes or {}) for span in commands] == [{"committed": True}, {"committed": False}]
    assert [span.parent and span.parent.span_id for span in commands] == [
        span.context.span_id for span in requests[:2] if span.context
    ]
    assert SECRET not in json.dumps([span.to_json() for span in spans.get_finished_spans()])


def test_the_desk_and_each_batch_of_a_reaction_are_spans_of_their_own(
    spans: InMemorySpanExporter, stage: Stage
) -> None:
    story = begin(stage, RACE)
    story.bid("A", "15000.00")
    stage.settle()
    assert dict(of(spans, "desk batch")[0].attributes or {}) == {"orders": 1}
    reactions = [dict(span.attributes or {}) for span in of(spans, "reaction")]
    assert "notices are written" in {one["reaction"] for one in reactions}
    assert all(one["events"] for one in reactions)
    found = spans.get_finished_spans()
    assert all(span.parent is None for span in found)
    assert {key for span in found for key in span.attributes or {}} <= KNOWN
    text = json.dumps([span.to_json() for span in found])
    for held in (story.request_id, "15000", *(one.principal.organization_id for one in story.carriers.values())):
        assert held not in text


def test_what_raises_is_marked_and_its_words_stay_here(spans: InMemorySpanExporter) -> None:
    with pytest.raises(ValueError, match=SECRET), tracing.alone("delivery", channel="mail"):
        raise ValueError(SECRET)
    (span,) = spans.get_finished_spans()
    assert not span.status.is_ok
    assert not span.events
    assert SECRET not in span.to_json()


def test_spans_reach_a_collector_over_http() -> None:
    got: list[tuple[str, str | None, bytes]] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append((self.path, self.headers["content-type"], self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Collector) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        tracer = otlp.tracer(f"http://127.0.0.1:{server.server_port}/")
        tracer.begin("command", {"committed": True}, alone=True).end()
        tracer.end()
        server.shutdown()
        thread.join()
    ((path, media, body),) = got
    assert (path, media) == ("/v1/traces", "application/x-protobuf")
    assert b"tenderline" in body
    assert b"committed" in body


def test_without_an_address_nothing_is_traced_and_with_one_the_packages_must_be_there(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracing.switch_on(settings)
    tracing.begin("command").end()
    monkeypatch.delitem(sys.modules, "marketplace.kernel.otlp")
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    with pytest.raises(tracing.TracingMissingError, match=r"tenderline\[tracing\]"):
        tracing.switch_on(settings.model_copy(update={"traces_url": "http://127.0.0.1:9"}))
