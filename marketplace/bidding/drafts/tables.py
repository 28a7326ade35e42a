"""The table of the bids that carriers' desks are still writing."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import Column, LargeBinary, Text
from sqlmodel import Field, SQLModel

from marketplace.kernel.tables import instant


class BidDraftRow(SQLModel, table=True):
    """A desk's draft for one invitation. It holds prices, so that only ``content``, sealed, says anything of them.

    An emptied draft keeps its row: its revision goes on, and an edit of what was there before can't be taken for one
    of what came after.
    """

    __tablename__ = "bid_drafts"
    __table_args__: ClassVar[Any] = (
        {"schema": "market", "info": {"carrier": "SELECT, INSERT, UPDATE", "own_rows": "provider_id"}},
    )
    invitation_id: str = Field(sa_column=Column(Text, primary_key=True))
    provider_id: str = Field(sa_column=Column(Text, nullable=False, index=True))
    revision: int
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    updated_at: datetime = instant()
