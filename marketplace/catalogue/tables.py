"""The table of catalogue versions."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import Column, Text
from sqlmodel import Field, SQLModel

from marketplace.kernel.tables import document, instant


class CatalogueVersionRow(SQLModel, table=True):
    """One version of the catalogue as the back office saved it; never changed, so that old requests stay readable."""

    __tablename__ = "catalogue_versions"
    __table_args__: ClassVar[Any] = {"schema": "market", "info": {"carrier": "SELECT"}}
    version: str = Field(sa_column=Column(Text, primary_key=True))
    document: dict[str, Any] = document()
    created_at: datetime = instant(index=True)
