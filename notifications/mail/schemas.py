"""Shared addresses on the wire."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Email = Annotated[str, Field(max_length=254, pattern=r"^[\x21-\x3f\x41-\x7e]+@[A-Za-z0-9.-]+\.[A-Za-z0-9-]+$")]


class DeskAddressBody(BaseModel):
    """The address that all of a desk reads."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"address": "bids@carrier.example"}]})

    address: Email


class DeskAddressOutput(BaseModel):
    """A desk's shared address. It is mailed from when it was confirmed on; before, only the link that confirms it."""

    address: str
    set_at: datetime
    confirmed_at: datetime | None
