"""Wire types of look-ups and their answers."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from marketplace.geography.address import Address
from matching.availability.model import ComparedAs, Question, ServiceAnswer
from matching.availability.service import Found

MAX_PLACES = 2_000
_PRINTABLE = r"^[^\x00-\x1f\x7f]*$"
Part = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200, pattern=_PRINTABLE)]
Country = Annotated[str, StringConstraints(strip_whitespace=True, to_upper=True, pattern=r"^([A-Za-z]{2})?$")]


class PlaceInput(BaseModel):
    """An address, a map point, or better both. `ref` is yours and comes back with the answer."""

    model_config = ConfigDict(extra="forbid")

    ref: Annotated[str, StringConstraints(max_length=100, pattern=_PRINTABLE)] = Field("", examples=["S1"])
    street: Part = Field("", examples=["1 Market Street"])
    city: Part = Field("", examples=["San Francisco"])
    state: Part = Field("", examples=["CA"])
    postal_code: Part = Field("", examples=["94103"])
    country: Country = Field("", description="ISO 3166-1", examples=["US"])
    latitude: float | None = Field(None, ge=-90, le=90, allow_inf_nan=False, examples=[37.7936])
    longitude: float | None = Field(None, ge=-180, le=180, allow_inf_nan=False, examples=[-122.3958])

    def address(self) -> Address:
        """Return the place as geography takes it."""
        return Address(
            self.country, self.state, self.city, self.postal_code, self.street, self.latitude, self.longitude
        )


class WantedInput(BaseModel):
    """What the places are looked up for."""

    model_config = ConfigDict(extra="forbid")

    service_type: str = Field(
        "", max_length=100, description="a node of the catalogue; empty: every service type", examples=["data"]
    )
    minimum_mbps: Annotated[Decimal, Field(ge=0, max_digits=18, decimal_places=6)] = Field(
        Decimal(0), description="what is slower doesn't count", examples=["500"]
    )


class AvailabilityInput(WantedInput):
    """Places, and what they are looked up for."""

    places: list[PlaceInput] = Field(min_length=1, max_length=MAX_PLACES)

    def question(self) -> Question:
        """Return what the service takes."""
        return Question(tuple(place.address() for place in self.places), self.service_type, self.minimum_mbps)


class ServiceAvailability(BaseModel):
    """How many providers have these service types, each of them, at one place.

    Who is on-net does not count as near-net. Speeds are the best, rounded down to 1, 2 or 5 times a power of ten; null
    without a provider. Names are those of providers that publish their footprint.
    """

    service_types: list[str]
    on_net: int
    near_net: int
    on_net_mbps: Decimal | None
    near_net_mbps: Decimal | None
    on_net_names: list[str]
    near_net_names: list[str]

    @classmethod
    def of(cls, answer: ServiceAnswer) -> "ServiceAvailability":
        """Return the wire form of ``answer``."""
        return cls.model_construct(
            service_types=list(answer.service_types),
            on_net=answer.on_net,
            near_net=answer.near_net,
            on_net_mbps=answer.on_net_mbps,
            near_net_mbps=answer.near_net_mbps,
            on_net_names=list(answer.on_net_names),
            near_net_names=list(answer.near_net_names),
        )


class PlaceAvailability(BaseModel):
    """What can be had at one place.

    `compared_as` says how exactly it was compared: a building with the same building, a map point with all buildings in
    its cell of about 130 m, a postal code alone with all buildings that have it, a region only with what covers it
    whole. `add` says what to add to be found better, `findings` what contradicts itself.
    """

    ref: str
    compared_as: ComparedAs
    add: str
    findings: list[str]
    on_net: int
    near_net: int
    services: list[ServiceAvailability]

    @classmethod
    def of(cls, ref: str, found: Found) -> "PlaceAvailability":
        """Return the wire form of what was found at a place."""
        return cls.model_construct(
            ref=ref,
            compared_as=found.located.compared_as,
            add=found.located.add,
            findings=list(found.located.findings),
            on_net=found.answer.on_net,
            near_net=found.answer.near_net,
            services=[ServiceAvailability.of(service) for service in found.answer.services],
        )


class AvailabilityOutput(BaseModel):
    """The answers, in the order of the places."""

    places: list[PlaceAvailability]

    @classmethod
    def of(cls, refs: Iterable[str], found: Iterable[Found]) -> "AvailabilityOutput":
        """Return the wire form of answers under the refs of their places."""
        return cls.model_construct(
            places=[PlaceAvailability.of(ref, item) for ref, item in zip(refs, found, strict=True)]
        )
