"""What the doctor finds in an installation, and how little the owner's address alone opens."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import ProgrammingError

from marketplace import doctor, schema
from marketplace.doctor import Finding
from marketplace.kernel import ids, postgres
from marketplace.kernel.config import Settings
from marketplace.kernel.db import Database, DatabaseRole, connect
from marketplace.kernel.postgres import DatabaseUrls
from tests.conftest import _cluster_folder


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An installation in a folder of its own, with nothing set in the environment."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"MARKETPLACE_{name.upper()}", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def urls(request: pytest.FixtureRequest) -> DatabaseUrls:
    """An empty database of this test."""
    return postgres.start(_cluster_folder(request.config), durable=False, database=ids.new("doctor"))


def installed(monkeypatch: pytest.MonkeyPatch, urls: DatabaseUrls) -> None:
    monkeypatch.setenv("MARKETPLACE_DATABASE_URL", urls.owner)
    monkeypatch.setenv("MARKETPLACE_APP_DATABASE_URL", urls.app)
    monkeypatch.setenv("MARKETPLACE_CARRIER_DATABASE_URL", urls.carrier)
    monkeypatch.setenv("MARKETPLACE_DESK_DATABASE_URL", urls.desk)


def wrong(findings: list[Finding]) -> dict[str, str]:
    return {finding.what: finding.says for finding in findings if not finding.good}


def said(findings: list[Finding], what: str) -> str:
    (says,) = [finding.says for finding in findings if finding.what == what]
    return says


def test_a_good_installation_is_found_good(monkeypatch: pytest.MonkeyPatch, urls: DatabaseUrls) -> None:
    installed(monkeypatch, urls)
    schema.migrate(make_url(urls.owner))
    findings = doctor.examine()
    assert wrong(findings) == {}
    assert {finding.what for finding in findings} == {
        "configuration",
        "packages",
        "keys",
        "database",
        "migrations",
        "roles",
        "clocks",
    }
    assert said(findings, "roles") == (
        "marketplace_carrier has its own login and can't see the registry; "
        "marketplace_desk has its own login and can't see the registry"
    )


def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MARKETPLACE_PROFILE", "production")
    assert "MARKETPLACE_SECRET" in wrong(doctor.examine())["configuration"]


def test_a_wrong_value_is_told_with_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MARKETPLACE_PORT", "eighty")
    says = wrong(doctor.examine())["configuration"]
    assert "MARKETPLACE_PORT" in says
    assert "integer" in says


def test_a_database_that_is_away_is_said_so_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MARKETPLACE_DATABASE_URL", "postgresql://owner:hush-hush@127.0.0.1:1/marketplace")
    findings = doctor.examine()
    assert "can't be reached" in wrong(findings)["database"]
    assert "hush-hush" not in str(findings)


def test_an_address_that_is_none_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MARKETPLACE_DATABASE_URL", "nonsense")
    assert "can't be reached" in wrong(doctor.examine())["database"]


def test_a_missing_migration_is_said_with_the_command_that_helps(
    monkeypatch: pytest.MonkeyPatch, urls: DatabaseUrls
) -> None:
    installed(monkeypatch, urls)
    findings = wrong(doctor.examine())
    assert "the database is at nothing" in findings["migrations"]
    assert "marketplace db migrate" in findings["migrations"]


@pytest.mark.parametrize("role", ["marketplace_carrier", "marketplace_desk"])
@pytest.mark.parametrize(("shut", "named"), [("registry", "registry"), ("identity", "accounts")])
def test_a_role_that_may_look_behind_the_wall_is_found(
    monkeypatch: pytest.MonkeyPatch, urls: DatabaseUrls, role: str, shut: str, named: str
) -> None:
    installed(monkeypatch, urls)
    schema.migrate(make_url(urls.owner))
    engine = create_engine(urls.owner)
    with engine.begin() as connection:
        connection.execute(text(f"GRANT USAGE ON SCHEMA {shut} TO {role}"))
    engine.dispose()
    findings = wrong(doctor.examine())
    assert list(findings) == ["roles"]
    assert f"{role} may look into the {named}" in findings["roles"]


def test_with_the_owners_address_alone_the_weaker_wall_is_said(
    monkeypatch: pytest.MonkeyPatch, urls: DatabaseUrls
) -> None:
    monkeypatch.setenv("MARKETPLACE_DATABASE_URL", urls.owner)
    schema.migrate(make_url(urls.owner))
    findings = doctor.examine()
    assert wrong(findings) == {}
    assert "MARKETPLACE_CARRIER_DATABASE_URL" in said(findings, "roles")
    assert "MARKETPLACE_DESK_DATABASE_URL" in said(findings, "roles")


@pytest.fixture
def by_owner(urls: DatabaseUrls) -> Iterator[Database]:
    schema.migrate(make_url(urls.owner))
    database = connect(Settings(database_url=SecretStr(urls.owner.replace("+psycopg", ""))))
    yield database
    database.close()


def test_the_owners_login_takes_on_the_serving_roles_at_connect(by_owner: Database) -> None:
    for role in DatabaseRole:
        with by_owner.engine(role).connect() as connection:
            user = connection.execute(text("SELECT current_user, session_user")).one()
        assert tuple(user) == (role, "marketplace_owner")


@pytest.mark.parametrize("role", [DatabaseRole.CARRIER, DatabaseRole.DESK])
def test_a_role_that_was_taken_on_for_carriers_reads_no_registry(by_owner: Database, role: DatabaseRole) -> None:
    with by_owner.app.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM registry.buyers")).scalar_one() == 0
    for table in ("registry.buyers", "identity.users", "kernel.cursors"):
        with by_owner.engine(role).connect() as connection, pytest.raises(ProgrammingError, match="permission denied"):
            connection.execute(text(f"SELECT * FROM {table}"))  # noqa: S608 - names of tables, written above


def test_options_of_the_owners_address_stay(urls: DatabaseUrls) -> None:
    own: URL = make_url(urls.owner).update_query_dict({"options": "-c application_name=desk"})
    database = connect(Settings(database_url=SecretStr(own.render_as_string(hide_password=False))))
    with database.carrier.connect() as connection:
        row = connection.execute(text("SELECT current_user, current_setting('application_name')")).one()
    database.close()
    assert tuple(row) == ("marketplace_carrier", "desk")
