"""A short turn of what ``make fuzz`` does at length: every operation, as everybody who may call it, a few times."""

import pytest

from marketplace.kernel.config import Settings
from tests.security.fuzzing import Plan, Report, explore, known_ids
from tests.security.lived import Lived
from tests.security.made import Stage

SHORT = Plan(examples=1, seed=8, phases=("fuzzing",), everything=False)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Limits that let every call through."""
    folder = tmp_path_factory.mktemp("var")
    return Settings(  # type: ignore[call-arg]
        _env_file=None, folder=folder, worker=False, bids_per_second=100_000, places_per_day=10_000_000
    )


@pytest.mark.timeout(3600)  # thousands of calls
@pytest.mark.filterwarnings("default")  # schemathesis tells of payloads that it can't make
def test_whatever_the_document_allows_or_forbids_is_answered_as_it_says(stage: Stage) -> None:
    players = Lived(stage).players()
    ids = known_ids(stage, players)
    reports: dict[str, Report] = {}
    for role in ("anonymous", "buyer", "provider", "platform"):
        reports[role] = explore(stage, players[role], ids[role], SHORT)
    assert not [str(found) for report in reports.values() for found in report.found.values()]
    assert not [line for report in reports.values() for line in report.logged]
    called = set().union(*(report.operations for report in reports.values()))
    document = stage.client.get("/openapi.json").json()
    described = {f"{method.upper()} {path}" for path, item in document["paths"].items() for method in item}
    assert called == described
