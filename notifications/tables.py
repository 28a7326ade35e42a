"""Tables of the notices of each organization and of who has read them."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy import text as sql_text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from marketplace.kernel.tables import instant
from notifications.languages import Language


class NoticeRow(SQLModel, table=True):
    """One notice to one organization.

    ``ordinal`` counts the organization's notices and rises when one is renewed: the order of the list, and what a
    reading refers to. ``count``: how many events it stands for. ``position`` is that of the last of them. ``title`` and
    ``text`` are English; ``translations`` has both by the tag of every other language, as they were when it was told.
    """

    __tablename__ = "notices"
    __table_args__: ClassVar[Any] = (
        UniqueConstraint("dedupe_key", "organization_id"),
        UniqueConstraint("organization_id", "ordinal"),
        Index("notices_position", "position"),
        {
            "schema": "market",
            "info": {
                # not the key, which names the request, nor the position, which counts everybody's events
                "carrier": "SELECT (id, organization_id, ordinal, event, severity, subject_kind, subject_id, title,"
                " text, translations, count, created_at, updated_at)",
                "own_rows": "organization_id",
            },
        },
    )
    id: str = Field(sa_column=Column(Text, primary_key=True))
    organization_id: str = Field(sa_column=Column(Text, nullable=False))
    dedupe_key: str = Field(sa_column=Column(Text, nullable=False))
    position: int = Field(sa_column=Column(BigInteger, nullable=False))
    ordinal: int = Field(sa_column=Column(BigInteger, nullable=False))
    event: str = Field(sa_column=Column(Text, nullable=False))
    severity: str = Field(sa_column=Column(Text, nullable=False))
    urgency: str = Field(default="soon", sa_column=Column(Text, nullable=False, server_default="soon"))
    subject_kind: str = Field(sa_column=Column(Text, nullable=False))
    subject_id: str = Field(sa_column=Column(Text, nullable=False))
    title: str = Field(sa_column=Column(Text, nullable=False))
    text: str = Field(sa_column=Column(Text, nullable=False))
    translations: dict[str, list[str]] = Field(
        default_factory=dict, sa_column=Column(JSONB, nullable=False, server_default=sql_text("'{}'::jsonb"))
    )
    count: int = Field(default=1, sa_column=Column(BigInteger, nullable=False))
    created_at: datetime = instant()
    updated_at: datetime = instant()

    def words_in(self, language: Language) -> tuple[str, str]:
        """Return title and text in a language; in English where it was not told in that."""
        title, text = self.translations.get(language, (self.title, self.text))
        return title, text


class NoticeReadRow(SQLModel, table=True):
    """One user has read one notice as it stood at ``ordinal``: a renewed notice is unread again."""

    __tablename__ = "notice_reads"
    __table_args__: ClassVar[Any] = {
        "schema": "market",
        "info": {"append_only": True, "carrier": "SELECT, INSERT", "own_rows": "organization_id"},
    }
    user_id: str = Field(sa_column=Column(Text, primary_key=True))
    notice_id: str = Field(sa_column=Column(Text, ForeignKey("market.notices.id"), primary_key=True))
    ordinal: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    organization_id: str = Field(sa_column=Column(Text, nullable=False))
    read_at: datetime = instant()


class DigestItemRow(SQLModel, table=True):
    """One invitation that waits for its provider's next digest."""

    __tablename__ = "digest_items"
    __table_args__: ClassVar[Any] = {"schema": "market"}
    organization_id: str = Field(sa_column=Column(Text, primary_key=True))
    invitation_id: str = Field(sa_column=Column(Text, primary_key=True))
