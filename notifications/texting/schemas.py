"""Phone numbers on the wire."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from notifications.texting.model import PhoneNumber


class PhoneBody(BaseModel):
    """The phone on which you want to be reached."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"number": "+1 212 555 0100"}]})

    number: str = Field(max_length=30, description="With the country's code")


class PhoneCodeBody(BaseModel):
    """The code that was texted."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"code": "284 613"}]})

    code: str = Field(min_length=1, max_length=20)


class PhoneOutput(BaseModel):
    """Your phone number. It is texted from when it was confirmed on; before, only the code that confirms it."""

    number: str
    set_at: datetime
    confirmed_at: datetime | None
    code_until: datetime | None = Field(description="Until when the code that was sent last is good")

    @classmethod
    def of(cls, phone: PhoneNumber) -> "PhoneOutput":
        """Return the wire form of a phone number."""
        return cls(
            number=phone.number, set_at=phone.set_at, confirmed_at=phone.confirmed_at, code_until=phone.code_until
        )
