"""Configuration: from the environment alone, safe for its profile, and described in one example file."""

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from marketplace.kernel.config import DEVELOPMENT_SECRET, Profile, Settings

EXAMPLE = Path(__file__).parents[2] / ".env.example"
SECRET = "an-own-secret-of-more-than-32-characters"


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"MARKETPLACE_{name.upper()}", raising=False)
    monkeypatch.chdir(tmp_path)


def with_environment(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Settings:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return Settings()


def test_without_anything_set_it_is_a_development_installation_with_its_own_database() -> None:
    settings = Settings()
    assert settings.profile is Profile.DEVELOPMENT
    assert settings.database_url is None
    assert settings.host == "127.0.0.1"


@pytest.mark.parametrize("profile", ["staging", "production"])
@pytest.mark.parametrize("secret", [None, DEVELOPMENT_SECRET, "", "x" * 31])
def test_outside_development_the_secret_must_be_an_own_one(
    monkeypatch: pytest.MonkeyPatch, profile: str, secret: str | None
) -> None:
    own = {} if secret is None else {"MARKETPLACE_SECRET": secret}
    with pytest.raises(ValidationError, match="MARKETPLACE_SECRET"):
        with_environment(monkeypatch, MARKETPLACE_PROFILE=profile, **own)


def test_production_takes_an_own_secret_and_no_debugging(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = with_environment(monkeypatch, MARKETPLACE_PROFILE="production", MARKETPLACE_SECRET=SECRET)
    assert settings.profile is Profile.PRODUCTION
    with pytest.raises(ValidationError, match="MARKETPLACE_DEBUG"):
        with_environment(monkeypatch, MARKETPLACE_DEBUG="true")


def test_settings_do_not_change() -> None:
    settings = Settings()
    with pytest.raises(ValidationError, match="frozen"):
        settings.port = 1  # type: ignore[misc]


def test_a_variable_without_the_prefix_means_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = with_environment(monkeypatch, PORT="9000", HOST="0.0.0.0", MARKETPLACE_POOL_SIZE="3")  # noqa: S104 - not listened on
    assert (settings.port, settings.host, settings.pool_size) == (8000, "127.0.0.1", 3)


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("MARKETPLACE_PORT=9001\nMARKETPLACE_HOST=10.0.0.1\n")
    settings = with_environment(monkeypatch, MARKETPLACE_PORT="9002")
    assert (settings.port, settings.host) == (9002, "10.0.0.1")


def test_secrets_do_not_show_when_settings_are_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = with_environment(
        monkeypatch, MARKETPLACE_SECRET=SECRET, MARKETPLACE_DATABASE_URL="postgresql://owner:hush@db/market"
    )
    assert SECRET not in repr(settings)
    assert "hush" not in repr(settings)


@pytest.mark.parametrize(
    ("variables", "address"),
    [
        ({}, "http://127.0.0.1:8000"),
        ({"MARKETPLACE_PORT": "80"}, "http://127.0.0.1:80"),
        ({"MARKETPLACE_PUBLIC_URL": "https://market.example.com/"}, "https://market.example.com"),
    ],
)
def test_users_see_the_public_address(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], address: str) -> None:
    assert with_environment(monkeypatch, **variables).address == address


def test_the_example_lists_every_setting_once_and_no_other() -> None:
    named = re.findall(r"^(?:# )?(MARKETPLACE_[A-Z_]+)=", EXAMPLE.read_text(), flags=re.MULTILINE)
    assert sorted(set(named)) == sorted(f"MARKETPLACE_{name.upper()}" for name in Settings.model_fields)
    assert len(named) == len(set(named))


def test_the_example_is_a_configuration_that_works(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(EXAMPLE.read_text())
    assert Settings() == Settings(_env_file=None)
