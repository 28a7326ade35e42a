import json
import socket
import stat
import threading
from collections.abc import Iterator

import httpx
import pytest
import uvicorn

from marketplace.app import create_app
from marketplace.cli import session
from marketplace.kernel.access import Kind
from marketplace.wiring import Marketplace
from tests.cli.conftest import Shell
from tests.factories import PASSWORD, REGISTRATION, SignedIn, a_user


@pytest.fixture
def address(market: Marketplace) -> Iterator[str]:
    """A server on this machine."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(create_app(market), log_level="warning", ws="none"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join()
    listening.close()


@pytest.fixture
def robin(market: Marketplace, shell: Shell) -> SignedIn:
    """A buyer's user who is signed in at the command line."""
    user = a_user(market, Kind.BUYER)
    shell.good(f"login {user.email}", f"{PASSWORD}\n")
    return user


def test_a_session_is_kept_where_only_its_owner_reads_it(shell: Shell, robin: SignedIn) -> None:
    assert stat.S_IMODE(shell.session_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(shell.session_file.parent.stat().st_mode) == 0o700
    assert {path.name for path in shell.session_file.parent.iterdir()} == {"session.json", "session.json.lock"}
    assert PASSWORD not in shell.session_file.read_text(encoding="utf-8")
    assert shell.json("whoami")["email"] == robin.email


def test_a_session_file_that_others_could_read_is_made_private(shell: Shell, robin: SignedIn) -> None:
    shell.session_file.chmod(0o644)
    shell.good(f"login {robin.email} --password-stdin", f"{PASSWORD}\n")
    assert stat.S_IMODE(shell.session_file.stat().st_mode) == 0o600


def test_an_expired_access_token_is_refreshed_on_the_way(shell: Shell, robin: SignedIn) -> None:
    document = json.loads(shell.session_file.read_text(encoding="utf-8"))
    before = dict(document["accounts"][robin.email])
    document["accounts"][robin.email]["access_token"] = "expired"
    shell.session_file.write_text(json.dumps(document), encoding="utf-8")
    assert shell.json("whoami")["email"] == robin.email
    after = json.loads(shell.session_file.read_text(encoding="utf-8"))["accounts"][robin.email]
    assert after["refresh_token"] != before["refresh_token"]
    assert after["access_token"] not in {"expired", before["access_token"]}
    # one who still holds the old pair, such as a command that ran at the same time, is no thief
    shell.session_file.write_text(json.dumps(document), encoding="utf-8")
    assert shell.json("whoami")["email"] == robin.email


def test_a_server_is_reached_over_the_network(
    shell: Shell, market: Marketplace, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "client_factory", lambda url: httpx.Client(base_url=url))
    user = a_user(market, Kind.BUYER)
    shell.good(f"login {user.email} --url {address}/", f"{PASSWORD}\n")
    document = json.loads(shell.session_file.read_text(encoding="utf-8"))
    document["accounts"][user.email]["access_token"] = "expired"
    shell.session_file.write_text(json.dumps(document), encoding="utf-8")
    me = shell.json("whoami")
    assert (me["email"], me["url"]) == (user.email, address)
    shell.good("logout")


def test_signing_out_ends_the_session_at_the_marketplace(shell: Shell, robin: SignedIn) -> None:
    kept = shell.session_file.read_text(encoding="utf-8")
    shell.good("logout")
    assert shell("whoami").code == 1
    shell.session_file.write_text(kept, encoding="utf-8")
    over = shell("whoami")
    assert over.code == 1
    assert over.err == "This session is over: sign in again\nSign in: marketplace login EMAIL\n"
    assert robin.email not in over.out


def test_several_accounts_stand_side_by_side(
    shell: Shell, market: Marketplace, robin: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = a_user(market, Kind.PROVIDER)
    shell.good(f"login {other.email} --as carrier", f"{PASSWORD}\n")
    assert shell.json("whoami")["email"] == other.email, "who signed in last is used"
    assert shell.json(f"whoami --as {robin.email}")["email"] == robin.email
    monkeypatch.setenv("MARKETPLACE_AS", robin.email)
    assert shell.json("whoami")["email"] == robin.email
    assert shell.json("whoami --as carrier")["email"] == other.email
    monkeypatch.delenv("MARKETPLACE_AS")
    shell.good(f"use {robin.email}")
    assert shell.json("whoami")["email"] == robin.email
    assert {item["name"] for item in shell.json("accounts")} == {robin.email, "carrier"}
    stranger = shell("whoami --as nobody")
    assert stranger.code == 1
    assert "There is no account 'nobody' here" in stranger.err


def test_a_wrong_password_is_told_without_a_session(shell: Shell, robin: SignedIn) -> None:
    shell.good("logout")
    wrong = shell(f"login {robin.email}", "not-the-password\n")
    assert (wrong.code, wrong.out.strip()) == (1, "")
    assert "E-mail or password is wrong" in wrong.err
    assert shell.json("accounts") == []


def test_an_own_password_that_is_refused_may_be_mended(shell: Shell) -> None:
    done = shell.json(f"buyer register {shell.file('buyer.json', REGISTRATION)}")
    typed = f"{done['initial_password']}\nshort\nshort\n{PASSWORD}\n{PASSWORD}\n"
    said = shell.good(f"login {done['email']}", typed)
    assert "has 5 characters" in said.err
    assert "Signed in as Dana Whitfield" in said.out
    assert PASSWORD not in said.out + said.err


def test_a_machine_gives_both_passwords_on_standard_input(shell: Shell) -> None:
    done = shell.json(f"buyer register {shell.file('buyer.json', REGISTRATION)}")
    missing = shell(f"login {done['email']} --password-stdin", f"{done['initial_password']}\n")
    assert missing.code == 1
    assert "standard input has no line for it" in missing.err
    me = shell.json(f"login {done['email']} --password-stdin", f"{done['initial_password']}\n{PASSWORD}\n")
    assert (me["email"], me["limited"]) == (done["email"], "")


def test_the_file_is_where_the_system_keeps_settings(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MARKETPLACE_SESSION", raising=False)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert str(session.file()) == f"{tmp_path}/.config/tenderline/session.json"
