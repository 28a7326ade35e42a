"""The database's schema as a whole: every room's tables, and the commands that bring a database to them."""

from importlib import resources
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool
from sqlmodel import SQLModel

from buyers.registry import tables as _registry  # noqa: F401 - as below
from buyers.requests import tables as _requests  # noqa: F401 - as below
from marketplace.awards import tables as _awards  # noqa: F401 - as below
from marketplace.awards.board import tables as _scenario_boards  # noqa: F401 - as below
from marketplace.awards.confirmation import tables as _confirmation  # noqa: F401 - as below
from marketplace.bidding import tables as _bidding  # noqa: F401 - as below
from marketplace.bidding.announcements import tables as _announcements  # noqa: F401 - as below
from marketplace.bidding.drafts import tables as _bid_drafts  # noqa: F401 - as below
from marketplace.catalogue import tables as _catalogue  # noqa: F401 - as below
from marketplace.contracts import tables as _contracts  # noqa: F401 - as below
from marketplace.contracts.negotiation import tables as _negotiations  # noqa: F401 - as below
from marketplace.identity import tables as _identity  # noqa: F401 - as below
from marketplace.kernel import tables as _kernel  # noqa: F401 - importing a room's tables puts them into METADATA
from marketplace.oversight import tables as _oversight  # noqa: F401 - as above
from matching import tables as _matching  # noqa: F401 - as above
from matching.questions import tables as _questions  # noqa: F401 - as above
from notifications import tables as _notifications  # noqa: F401 - as above
from notifications.calendar import tables as _calendar  # noqa: F401 - as above
from notifications.mail import tables as _mail  # noqa: F401 - as above
from notifications.preferences import tables as _preferences  # noqa: F401 - as above
from notifications.texting import tables as _texting  # noqa: F401 - as above
from notifications.webhooks import tables as _webhooks  # noqa: F401 - as above
from notifications.wording import tables as _wordings  # noqa: F401 - as above
from sellers import tables as _sellers  # noqa: F401 - as above
from sellers.footprints import tables as _footprints  # noqa: F401 - as above

METADATA = SQLModel.metadata


def migrate(owner: URL, revision: str = "head") -> None:
    """Bring the database at ``owner`` up to ``revision``."""
    command.upgrade(configuration(owner), revision)


def step_back(owner: URL, revision: str = "-1") -> None:
    """Take the database at ``owner`` back to an earlier revision."""
    command.downgrade(configuration(owner), revision)


def revisions(owner: URL) -> tuple[str | None, str | None]:
    """Return the revision that the database is at, and the newest one of this release."""
    with create_engine(owner, poolclass=NullPool).connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table_schema": "kernel"})
        at = context.get_current_revision()
    return at, ScriptDirectory.from_config(configuration(owner)).get_current_head()


def configuration(owner: URL) -> Config:
    """Return Alembic's configuration for the database at ``owner``, from a checkout or an installed wheel."""
    config = Config()
    config.set_main_option("script_location", str(_scripts()))
    config.attributes["url"] = owner
    return config


def _scripts() -> Path:
    """Return the folder of the migrations: inside the installed package, or beside it in a checkout."""
    installed = Path(str(resources.files("marketplace"))) / "_migrations"
    return installed if installed.is_dir() else Path(__file__).parent.parent / "alembic"
