"""The catalogue as frozen values: families, service types and typed features."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar, TypeAlias

from pydantic import ConfigDict

FeatureValue: TypeAlias = Decimal | bool | str | tuple[str, ...]
"""A checked answer to a feature: number, flag, choice or text, choices. As JSON a number is a string."""

# A misspelt member of a stored catalogue is refused and not silently dropped.
_STRICT = ConfigDict(extra="forbid")


class FeatureKind(StrEnum):
    """What values a feature takes."""

    NUMBER = "number"
    CHOICE = "choice"
    CHOICES = "choices"
    FLAG = "flag"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Feature:
    """One property of a service type; the same code means the same kind and unit wherever it is used.

    ``minimum`` and ``maximum`` are in ``unit``, ends included. ``whole`` refuses fractions of a number.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    code: str
    name: str
    kind: FeatureKind
    unit: str | None = None
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    choices: tuple[str, ...] = ()
    required: bool = False
    help: str = ""
    whole: bool = False


@dataclass(frozen=True, slots=True)
class ServiceType:
    """A leaf of the catalogue tree; its code is the family's code, a dot and its own: ``data.sd-wan``."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    code: str
    name: str
    description: str
    features: tuple[Feature, ...]

    def feature(self, code: str) -> Feature | None:
        """Return the feature named ``code``, or None where this service type has none."""
        return next((feature for feature in self.features if feature.code == code), None)


@dataclass(frozen=True, slots=True)
class Family:
    """A top node of the catalogue tree: voice, data, mobile."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    code: str
    name: str
    service_types: tuple[ServiceType, ...]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """One version of the tree of everything that can be requested."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    version: str
    families: tuple[Family, ...]

    def service_type(self, code: str) -> ServiceType | None:
        """Return the service type named ``code``, or None where the catalogue has none."""
        return next((kind for family in self.families for kind in family.service_types if kind.code == code), None)

    def names(self) -> dict[str, str]:
        """Return the names of all service types, by code."""
        return {kind.code: kind.name for family in self.families for kind in family.service_types}

    def codes(self) -> tuple[str, ...]:
        """Return the codes of all service types, in the catalogue's order."""
        return tuple(kind.code for family in self.families for kind in family.service_types)

    def nodes(self) -> tuple[str, ...]:
        """Return the codes that a filter may name: families and service types."""
        return tuple(family.code for family in self.families) + self.codes()


def covers(node: str, code: str) -> bool:
    """Return whether ``node`` accepts ``code``: a node accepts itself and everything below it."""
    return code == node or code.startswith(f"{node}.")
