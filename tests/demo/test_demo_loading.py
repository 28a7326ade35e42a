import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from marketplace.demo import market as demo
from marketplace.demo.market import NotForDemoError
from marketplace.identity import service as identity
from marketplace.kernel.access import Kind
from marketplace.kernel.clock import StagedClock
from marketplace.kernel.config import Profile, Settings
from marketplace.kernel.db import Database
from marketplace.wiring import Marketplace, assemble
from tests.conftest import NOON


def test_a_market_with_something_in_it_is_left_alone(market: Marketplace) -> None:
    with market.workshop.work() as work:
        identity.create_organization(work, Kind.BUYER)
    with pytest.raises(NotForDemoError):
        demo.load(market, NOON)


@pytest.mark.parametrize("profile", [Profile.STAGING, Profile.PRODUCTION])
def test_public_passwords_stay_in_development(profile: Profile, settings: Settings, database: Database) -> None:
    safe = settings.model_copy(update={"profile": profile, "secret": SecretStr("s" * 40)})
    market = assemble(safe, StagedClock(NOON), database)
    with pytest.raises(NotForDemoError):
        demo.load(market, NOON)
    with pytest.raises(NotForDemoError):
        demo.empty(market)


def test_only_the_embedded_database_is_emptied(settings: Settings, database: Database) -> None:
    own = settings.model_copy(update={"database_url": SecretStr("postgresql://localhost/own")})
    with pytest.raises(NotForDemoError):
        demo.empty(assemble(own, StagedClock(NOON), database))


def test_emptying_makes_room_for_a_new_market(market: Marketplace) -> None:
    with market.workshop.work() as work:
        identity.create_organization(work, Kind.BUYER)
    demo.empty(market)
    with market.workshop.reading() as reading:
        assert not demo.is_there(reading)


def test_the_command_refuses_outside_development(tmp_path: Path) -> None:
    environment = os.environ | {
        "MARKETPLACE_FOLDER": str(tmp_path),
        "MARKETPLACE_PROFILE": "production",
        "MARKETPLACE_SECRET": "s" * 40,
    }
    command = [str(Path(sys.executable).parent / "marketplace"), "demo", "--no-serve"]
    ended = subprocess.run(  # noqa: S603 - our own command
        command, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 1
    assert "passwords are public" in ended.stderr
