"""The table of what readers have chosen."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import Column, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from marketplace.kernel.tables import document, instant


class PreferenceRow(SQLModel, table=True):
    """What one reader has chosen. A reader is a user, or the organization itself: its shared desk address.

    ``choices`` of e-mail and ``texts`` by group; ``timing`` is the dump of a ``Timing``. Who has chosen nothing has no
    row.
    """

    __tablename__ = "notice_preferences"
    __table_args__: ClassVar[Any] = {"schema": "market"}
    reader_id: str = Field(sa_column=Column(Text, primary_key=True))
    organization_id: str = Field(sa_column=Column(Text, nullable=False))
    choices: dict[str, str] = document()
    timing: dict[str, Any] = document()
    texts: dict[str, str] = Field(
        default_factory=dict, sa_column=Column(JSONB, nullable=False, server_default=text("'{}'::jsonb"))
    )
    language: str = Field(default="en", sa_column=Column(Text, nullable=False, server_default="en"))
    updated_at: datetime = instant()
