import json
import time
from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest
from fastapi.testclient import TestClient

from marketplace.cli import session, show
from marketplace.kernel.clock import StagedClock
from marketplace.wiring import Marketplace
from tests.cli.conftest import Shell
from tests.factories import PASSWORD, SignedIn, a_registered_buyer


@pytest.fixture
def robin(market: Marketplace, client: TestClient, shell: Shell) -> SignedIn:
    """The admin of a registered buyer, signed in at the command line."""
    user = a_registered_buyer(client, market)
    shell.good(f"login {user.email}", f"{PASSWORD}\n")
    return user


def test_each_wrong_field_is_told_on_standard_error(shell: Shell, robin: SignedIn) -> None:
    said = shell(f"buyer new {shell.file('request.json', {'term_months': 0, 'disclosure': 'planet'})}")
    assert (said.code, said.out) == (1, "")
    assert "  /term_months: " in said.err
    assert "  /disclosure: " in said.err
    assert robin.email not in said.err


@pytest.mark.usefixtures("robin")
def test_machines_get_the_problem_document_on_standard_error(shell: Shell) -> None:
    said = shell("buyer show req_unknown --json")
    assert (said.code, said.out) == (1, "")
    assert json.loads(said.err)["type"] == "/problems/not-found"


@pytest.mark.usefixtures("robin")
def test_an_empty_list_says_what_to_do_next(shell: Shell) -> None:
    assert "marketplace buyer new FILE.json" in shell.good("buyer list").out
    assert shell.json("buyer list") == []


@pytest.mark.usefixtures("robin")
def test_a_file_that_is_no_json_is_told_with_its_place(shell: Shell) -> None:
    broken = shell.file("broken.json", '{ "title": }')
    said = shell(f"buyer new {broken}")
    assert said.code == 1
    assert "line 1, column 12" in said.err
    missing = shell("buyer new nowhere.json")
    assert missing.code == 1
    assert missing.err == "nowhere.json: No such file or directory\n"


@pytest.mark.usefixtures("robin")
def test_an_edit_of_an_older_revision_is_refused(shell: Shell) -> None:
    request_id = shell.json(f"buyer new {shell.file('request.json', {'title': 'First'})}")["id"]
    assert shell.json(f"buyer edit {request_id} {shell.file('edit.json', {'title': 'Second'})}")["revision"] == 2
    stale = shell(f"buyer edit {request_id} {shell.folder / 'edit.json'} --revision 1")
    assert stale.code == 1
    assert "read it again, then repeat" in stale.err


@pytest.mark.usefixtures("robin")
def test_an_id_stays_one_part_of_the_address(shell: Shell) -> None:
    assert json.loads(shell("buyer show ../me --json").err)["type"] == "/problems/not-found"


@pytest.mark.usefixtures("robin")
def test_sites_are_imported_row_by_row(shell: Shell) -> None:
    rows = "label,country,city,postal_code\nMain branch,US,Albany,12207\nSecond branch,Utopia,,\n"
    said = shell(f"buyer sites import {shell.file('sites.csv', rows)}")
    assert said.code == 1
    assert "Sites: 1 added, 1 refused." in said.out
    assert "Row 3: " in said.err
    assert [site["label"] for site in shell.json("buyer sites list")] == ["Main branch"]


def test_an_account_of_another_kind_is_refused(shell: Shell, robin: SignedIn) -> None:
    said = shell("platform queue")
    assert said.code == 1
    assert "marketplace whoami" in said.err
    assert robin.email not in said.out


def test_who_is_not_signed_in_is_told_how(shell: Shell) -> None:
    said = shell("desk inbox")
    assert (said.code, said.err) == (1, "You are not signed in: marketplace login EMAIL\n")


def test_a_marketplace_that_does_not_answer_is_told(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "client_factory", lambda url: httpx.Client(base_url=url))
    monkeypatch.setattr(session, "PATIENCE_SECONDS", 0.0)
    said = shell("login somebody@example.com --url http://127.0.0.1:9", "secret\n")
    assert said.code == 1
    assert "The marketplace at http://127.0.0.1:9 does not answer" in said.err


@pytest.fixture
def in_new_york(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "America/New_York")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("in_new_york")
def test_times_are_the_readers_and_name_their_zone() -> None:
    assert show.local_time("2026-11-02T12:00:00Z") == "2026-11-02 07:00:00 EST"
    assert show.local_time("2026-07-02T12:00:00.123456Z") == "2026-07-02 08:00:00 EDT"
    assert show.local_time(None) == "-"


def test_money_is_exact() -> None:
    assert show.amount("12345678901234.50") == "12,345,678,901,234.50"
    assert show.amount(None) == "-"


def test_text_of_others_can_not_steer_the_terminal() -> None:
    assert show.clean("fine\n\tline") == "fine\n\tline"
    assert show.clean("a\x1b[2Jb\x9bc\u202ed") == "a\ufffd[2Jb\ufffdc\ufffdd"


@pytest.mark.usefixtures("robin")
def test_a_document_is_given_as_evidence(shell: Shell) -> None:
    file = shell.folder / "register extract.pdf"
    file.write_bytes(b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n")
    (document,) = shell.json(f"buyer evidence --document '{file}'")["documents"]
    assert (document["title"], document["size"]) == ("register extract.pdf", file.stat().st_size)
    assert shell("buyer evidence").err.startswith("Give a number or a document")


@pytest.mark.usefixtures("robin")
def test_a_list_that_goes_on_says_so(shell: Shell, clock: StagedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    for title in ("First", "Second", "Third"):
        shell.good(f"buyer new {shell.file('request.json', {'title': title})}")
        clock.now += timedelta(minutes=1)
    some = shell.good("buyer list --limit 2 --json")
    assert [item["title"] for item in some.json] == ["Third", "Second"]
    assert "There are more" in some.err
    monkeypatch.setattr(session, "_LARGEST_PAGE", 1)
    everything = shell.good("buyer list --limit 3 --json")
    assert [item["title"] for item in everything.json] == ["Third", "Second", "First"]
    assert everything.err == ""


@pytest.mark.usefixtures("robin")
def test_a_first_guess_at_a_commands_name_runs_the_command_that_is_meant(shell: Shell) -> None:
    assert shell.json("buyer requests") == shell.json("buyer list") == []
    assert shell("desk invitations").err == shell("desk requests").err == shell("desk inbox").err
    assert shell("buyer invitationz").code == 2


def test_a_platform_admin_has_an_e_mail_address(shell: Shell) -> None:
    said = shell("admin queue 'Ada Admin'")
    assert (said.code, said.out) == (2, "")
    assert "no e-mail address" in said.err
