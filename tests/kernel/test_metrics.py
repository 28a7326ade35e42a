"""What Prometheus reads: how often, how long and how many; never who, and never anything that a caller made up."""

import re
import socket
from collections.abc import Callable, Iterator

import httpx
import pytest
from fastapi.testclient import TestClient
from prometheus_client import REGISTRY

from marketplace.app import create_app
from marketplace.kernel import metrics
from marketplace.kernel.clock import StagedClock
from marketplace.kernel.config import Settings
from marketplace.metering import DatabaseMeter, ServerMeter
from marketplace.wiring import Marketplace, assemble
from tests.security.made import Stage
from tests.stories.made import begin

SECRET = "tok_a-secret-that-no-metric-may-hold"
LABELS = {"route", "method", "status", "kind", "code", "role", "reaction", "name", "channel", "state", "le"}
AN_ID = re.compile(r"\b[a-z]{2,6}_[0-9A-Za-z]{16,}")
RACE = {"preset": "open_price_race", "ceiling": "20000.00", "decrement": "100.00"}


def count(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


@pytest.fixture
def stage(market: Marketplace, client: TestClient, clock: StagedClock, run_worker: Callable[[], None]) -> Stage:
    return Stage(market, client, clock, run_worker)


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


@pytest.fixture
def measured(market: Marketplace, clock: StagedClock, free_port: int) -> Marketplace:
    settings = market.settings.model_copy(update={"metrics_port": free_port})
    return assemble(settings, clock, market.database)


@pytest.fixture
def measured_client(measured: Marketplace) -> Iterator[TestClient]:
    with TestClient(create_app(measured), raise_server_exceptions=False) as client:
        yield client


def test_requests_are_counted_by_template_method_and_class_of_status_alone(measured_client: TestClient) -> None:
    told = {
        "hot": {"route": "/invitations/{invitation_id}/bids", "method": "POST", "status": "4xx"},
        "found": {"route": "/catalogue", "method": "GET", "status": "2xx"},
        "unknown": {"route": "", "method": "other", "status": "4xx"},
    }
    name = "tenderline_request_seconds_count"
    before = {key: count(name, **labels) for key, labels in told.items()}
    measured_client.post(f"/invitations/{SECRET}/bids?secret={SECRET}", json={"x": SECRET})
    measured_client.get("/catalogue", headers={"X-Request-Id": SECRET})
    measured_client.request("TOK_A", f"/{SECRET}")
    assert {key: count(name, **labels) - before[key] for key, labels in told.items()} == dict.fromkeys(told, 1.0)
    assert count("tenderline_request_seconds_sum", **told["found"]) > 0


def test_the_port_tells_of_queues_lags_and_deliveries_and_names_nobody(stage: Stage, measured: Marketplace) -> None:
    before = count("tenderline_desk_refusals_total", kind="bid-refused", code="over_ceiling")
    batches = count("tenderline_desk_batch_seconds_count")
    story = begin(stage, RACE)
    story.bid("A", "15000.00")
    story.refused("B", "25000.00")
    stage.settle()
    assert count("tenderline_desk_refusals_total", kind="bid-refused", code="over_ceiling") == before + 1
    assert count("tenderline_desk_batch_seconds_count") >= batches + 2
    state = stage.client.app.state  # type: ignore[attr-defined]
    meters = ServerMeter(state.desk, state.hub, state.feed), DatabaseMeter(measured.workshop)
    with metrics.served(measured.settings, *meters, metrics.Pools(measured.database)):
        answer = httpx.get(f"http://127.0.0.1:{measured.settings.metrics_port}/metrics", trust_env=False)
    lines = [line for line in answer.text.splitlines() if line.startswith("tenderline_")]
    told = {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in lines}
    assert told["tenderline_database_up"] == 1
    assert told["tenderline_journal_position"] > 0
    assert told["tenderline_journal_unstamped"] == told["tenderline_desk_waiting"] == 0
    assert told['tenderline_streams_open{kind="pages"}'] == told['tenderline_streams_open{kind="feed"}'] == 0
    assert told['tenderline_pool_size{role="marketplace_carrier"}'] == 10
    for name in ("reaction_behind{", "deliveries{", "heartbeat_age_seconds{", "database_bytes", "alarms_overdue{"):
        assert any(line.startswith(f"tenderline_{name}") for line in lines), name
    assert "process_cpu_seconds_total" in answer.text
    assert "process_resident_memory_bytes" in answer.text
    assert {label for line in lines for label in re.findall(r'[{,](\w+)="', line)} <= LABELS
    assert not AN_ID.search(answer.text)
    for email in ("@", story.request_id, *(one.principal.organization_id for one in story.carriers.values())):
        assert email not in answer.text


def test_without_a_port_nothing_listens_and_afterwards_neither(measured: Marketplace, settings: Settings) -> None:
    with metrics.served(settings, metrics.Pools(measured.database)):
        assert not count("tenderline_pool_size", role="marketplace_app")
    with metrics.served(measured.settings, metrics.Pools(measured.database)):
        assert count("tenderline_pool_size", role="marketplace_app") == 10
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", measured.settings.metrics_port))
