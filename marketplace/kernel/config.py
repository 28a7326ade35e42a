"""Configuration: one frozen class, read once from the environment (prefix ``MARKETPLACE_``) or a ``.env`` file."""

from enum import StrEnum
from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

DEVELOPMENT_SECRET = "development-only-secret-never-use-elsewhere"  # noqa: S105 - refused outside development
_SHORTEST_SECRET = 32


class Profile(StrEnum):
    """Which kind of installation this is."""

    DEVELOPMENT = "development"
    STAGING = "staging"
    PRODUCTION = "production"


class SmtpSecurity(StrEnum):
    """How the way to the mail server is kept secret: from the first byte, after STARTTLS, or not at all."""

    TLS = "tls"
    STARTTLS = "starttls"
    NONE = "none"


class Settings(BaseSettings):
    """Everything that differs between installations.

    Raises pydantic's ValidationError, which names the variable, when a value is wrong or unsafe for the profile.
    """

    model_config = SettingsConfigDict(env_prefix="MARKETPLACE_", env_file=".env", frozen=True, extra="ignore")

    profile: Profile = Profile.DEVELOPMENT
    debug: bool = False
    folder: Path = Field(default=Path("var"), description="holds the embedded database, keys and logs")
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    public_url: str = Field(default="", description="address that users see; empty: http://host:port")
    issuer: str = Field(default="tenderline", description="issuer and audience of access tokens")
    database_url: SecretStr | None = Field(default=None, description="owner's address of a PostgreSQL server")
    app_database_url: SecretStr | None = Field(default=None, description="own login of the role marketplace_app")
    carrier_database_url: SecretStr | None = Field(default=None, description="own login of marketplace_carrier")
    desk_database_url: SecretStr | None = Field(default=None, description="own login of marketplace_desk")
    postgres_binaries: Path | None = Field(default=None, description="folder with initdb, postgres, pg_ctl")
    pool_size: int = Field(default=10, ge=1, le=200)
    secret: SecretStr = Field(
        default=SecretStr(DEVELOPMENT_SECRET), description="seals what is stored: keys of lots, second factors"
    )
    access_token_seconds: int = Field(default=600, ge=30, le=3600)
    refresh_token_days: int = Field(default=30, ge=1, le=90, description="after which everybody signs in again")
    browser_idle_hours: int = Field(
        default=24, ge=1, le=720, description="a browser that shows no page for so long is signed out"
    )
    desk_lanes: int = Field(default=2, ge=1, le=64, description="connections on which a process takes bids")
    desk_queue: int = Field(default=2000, ge=4, le=100_000, description="bids that may wait in a process")
    bids_per_second: float = Field(default=100, gt=0, le=100_000, description="per carrier, with twice as many at once")
    places_per_day: int = Field(
        default=5000, ge=2000, le=10_000_000, description="places that a buyer's organization may look up in a day"
    )
    smtp_host: str = Field(default="", description="server that takes our mail; empty: none is sent, see docs/mail.md")
    smtp_port: int = Field(default=587, ge=1, le=65535)
    smtp_security: SmtpSecurity = SmtpSecurity.STARTTLS
    smtp_user: str = ""
    smtp_password: SecretStr | None = None
    smtp_timeout_seconds: float = Field(default=20, gt=0, le=120, description="for each answer of the mail server")
    mail_from: str = Field(default="Tenderline <notices@localhost>", description="from whom our mail comes")
    mail_returns: str = Field(
        default="",
        description="where undeliverable mail returns to, as name@domain; empty: bounces@ domain of mail_from",
    )
    text_gateway_url: str = Field(
        default="", description="address that takes our text messages; empty: none are sent, see docs/texts.md"
    )
    text_gateway_token: SecretStr | None = Field(default=None, description="bearer token of the gateway")
    text_gateway_user: str = Field(default="", description="login of a gateway that wants one instead of a token")
    text_gateway_password: SecretStr | None = None
    text_timeout_seconds: float = Field(default=10, gt=0, le=60, description="for an answer of the gateway")
    text_from: str = Field(default="Tenderline", max_length=20, description="whom text messages name as their sender")
    webhook_loopback: bool = Field(
        default=False, description="development only: webhooks may also go to http on this machine"
    )
    log_json: bool = Field(default=False, description="log lines as JSON, and a line for each request")
    metrics_port: int = Field(default=0, ge=0, le=65534, description="port on which Prometheus reads; 0: none")
    metrics_host: str = Field(default="127.0.0.1", description="internal address of that port, never a public one")
    traces_url: str = Field(default="", description="OpenTelemetry collector that takes OTLP over HTTP; empty: none")
    worker: bool = Field(default=True, description="run the worker's loops inside the serving process")

    @model_validator(mode="after")
    def _safe_for_profile(self) -> Self:
        """Refuse default secrets and debug outside development."""
        if self.profile is Profile.DEVELOPMENT:
            return self
        secret = self.secret.get_secret_value()
        if secret == DEVELOPMENT_SECRET or len(secret) < _SHORTEST_SECRET:
            raise ValueError(
                f"MARKETPLACE_SECRET must be your own and at least {_SHORTEST_SECRET} characters in {self.profile}"
            )
        if self.smtp_password is not None and self.smtp_security is SmtpSecurity.NONE:
            raise ValueError(
                f"MARKETPLACE_SMTP_SECURITY must be tls or starttls where there is a password in {self.profile}"
            )
        if self.text_gateway_url and not self.text_gateway_url.startswith("https://"):
            raise ValueError(f"MARKETPLACE_TEXT_GATEWAY_URL must begin with https:// in {self.profile}")
        if self.webhook_loopback:
            raise ValueError("MARKETPLACE_WEBHOOK_LOOPBACK is for development alone")
        if self.profile is Profile.PRODUCTION and self.debug:
            raise ValueError("MARKETPLACE_DEBUG must be off in production")
        return self

    @property
    def address(self) -> str:
        """The address that users see, without a slash at the end."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")
