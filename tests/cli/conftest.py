import json
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from marketplace.app import create_app
from marketplace.cli import session
from marketplace.cli.main import app
from marketplace.cli.session import Account
from marketplace.kernel.clock import StagedClock
from marketplace.wiring import Marketplace
from tests.factories import SignedIn, sign_in
from tests.security.made import Stage


@dataclass(frozen=True, slots=True)
class Said:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class Shell:
    """A person at a command line, in a folder of its own."""

    folder: Path
    session_file: Path

    def __call__(self, line: str, typed: str = "") -> Said:
        """Run what stands behind 'marketplace'; ``typed`` answers its questions."""
        ended = CliRunner().invoke(app, shlex.split(line), input=typed)
        if ended.exception is not None and not isinstance(ended.exception, SystemExit):
            raise ended.exception
        return Said(ended.exit_code, ended.stdout, ended.stderr)

    def good(self, line: str, typed: str = "") -> Said:
        said = self(line, typed)
        assert said.code == 0, f"{line}\n{said.out}\n{said.err}"
        return said

    def json(self, line: str, typed: str = "") -> Any:
        return self.good(f"{line} --json", typed).json

    def file(self, name: str, content: Any) -> Path:
        path = self.folder / name
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return path


@pytest.fixture
def shell(market: Marketplace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """The command line in front of an application in this process."""
    application = create_app(market)
    factory: Callable[[str], httpx.Client] = lambda url: TestClient(  # noqa: E731 - the seam is a variable
        application, base_url=url, raise_server_exceptions=False
    )
    monkeypatch.setattr(session, "client_factory", factory)
    file = tmp_path / "config" / "session.json"
    monkeypatch.setenv("MARKETPLACE_SESSION", str(file))
    monkeypatch.setenv("TZ", "UTC")
    for name in ("MARKETPLACE_AS", "MARKETPLACE_URL"):
        monkeypatch.delenv(name, raising=False)
    return Shell(tmp_path, file)


@pytest.fixture
def stage(market: Marketplace, client: TestClient, clock: StagedClock, run_worker: Callable[[], None]) -> Stage:
    """A verified buyer and approved carriers, to act beside the command line."""
    return Stage(market, client, clock, run_worker)


def sit_down(shell: Shell, name: str, user: SignedIn) -> None:
    """Let a user that is signed in already be the account ``name`` of the command line."""
    assert shell.session_file.parent.parent == shell.folder
    session.keep(name, Account(session.DEFAULT_URL, user.email, user.headers["Authorization"].split()[1], ""))


def signed_in_again(stage: Stage, user: SignedIn) -> SignedIn:
    """Return the same user with a fresh session: the clock has gone on, and the earlier one is over."""
    return SignedIn(user.principal, sign_in(stage.client, user.email, user.password), user.email, user.password)
