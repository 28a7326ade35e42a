"""Wire types of saved territories."""

import json
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from marketplace.kernel import codec
from sellers.schemas import Code, Words
from sellers.territories import parse
from sellers.territories.model import Content, Figures, Part, Territory
from sellers.territories.rules import MAX_NAMED

Named = Annotated[list[Code], Field(max_length=MAX_NAMED)]
_Cell = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
Degrees = Annotated[float, Field(allow_inf_nan=False)]


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid")


class BuildingInput(_Input):
    """A building by its address (street, postal code, country), its coordinates (degrees, WGS 84) or both."""

    street: _Cell = Field("", examples=["1 Market Street"])
    city: _Cell = ""
    state: _Cell = Field("", examples=["CA"])
    postal_code: _Cell = Field("", examples=["94105"])
    country: _Cell = Field("", examples=["US"])
    latitude: Degrees | None = None
    longitude: Degrees | None = None


class AreaInput(BaseModel):
    """GeoJSON (RFC 7946): a Polygon or MultiPolygon, a Feature or a collection of them, holes included.

    At most 200,000 positions in 2,000 polygons. An edge longer than 180 degrees of longitude is taken to cross the
    antimeridian. Of a document only the outlines are kept.
    """

    model_config = ConfigDict(extra="allow")
    type: Literal["Polygon", "MultiPolygon", "Feature", "FeatureCollection", "GeometryCollection"]


class PlacesInput(_Input):
    """Places joined by OR."""

    countries: Named = Field([], examples=[["US"]])
    states: Named = Field([], examples=[["US-CA"]])
    postal_prefixes: Named = Field([], examples=[["US-902"]])
    cells: Named = Field([], description="H3 cells of resolution 0 to 10", examples=[["872830828ffffff"]])
    buildings: Annotated[list[BuildingInput], Field(max_length=MAX_NAMED)] = Field([], description="lit buildings")
    area: AreaInput | None = None

    def part(self, at: str) -> Part:
        """Return what the rules take; ``at`` is the pointer of this in the body. Raises MalformedError."""
        return Part(
            countries=tuple(self.countries),
            states=tuple(self.states),
            postal_prefixes=tuple(self.postal_prefixes),
            cells=tuple(self.cells),
            buildings=parse.read_rows([vars(building) for building in self.buildings], f"{at}/buildings"),
            area=None if self.area is None else {"type": self.area.type, **(self.area.model_extra or {})},
        )


class TerritoryInput(PlacesInput):
    """A territory under a name of your own: the places named, without those in `excluded`.

    At most 100,000 countries, states, postal prefixes, cells and buildings together. An area becomes at most 100,000
    cells, as fine as fits; they reach out of its border by at most two widths of a cell, while an excluded area leaves
    out only what lies wholly in it.
    """

    name: Words = Field(examples=["Bay Area lit buildings"])
    excluded: PlacesInput = Field(default_factory=PlacesInput, description="places left out, also of each filter")

    def content(self) -> Content:
        """Return what the service takes. Raises MalformedError."""
        return Content(self.part(""), self.excluded.part("/excluded"))


class TerritoryFigures(BaseModel):
    """How large it came out: what you named, the place keys it is compared by, and the cells of its area.

    `resolution` is of the area's finest cells (0 coarse to 10 fine).
    """

    named: int
    keys: int
    excluded_keys: int
    cells: int
    resolution: int | None
    notes: list[str]

    @classmethod
    def of(cls, figures: Figures) -> "TerritoryFigures":
        """Return the wire form of ``figures``."""
        return cls(
            named=figures.named,
            keys=figures.keys,
            excluded_keys=figures.excluded_keys,
            cells=figures.cells,
            resolution=figures.resolution,
            notes=list(figures.notes),
        )


class TerritorySummary(BaseModel):
    """A saved territory without its places."""

    id: str
    name: str
    figures: TerritoryFigures
    revision: int
    created_at: datetime
    saved_at: datetime

    @classmethod
    def of(cls, territory: Territory) -> "TerritorySummary":
        """Return the wire form of ``territory``."""
        return cls(
            id=territory.id,
            name=territory.name,
            figures=TerritoryFigures.of(territory.figures),
            revision=territory.revision,
            created_at=territory.created_at,
            saved_at=territory.saved_at,
        )


class TerritoryBuilding(BaseModel):
    """A building of a territory."""

    street: str
    city: str
    state: str
    postal_code: str
    country: str
    latitude: float | None
    longitude: float | None


class TerritoryPart(BaseModel):
    """Places joined by OR; `area` is a text: the outlines of the GeoJSON that you sent."""

    countries: list[str]
    states: list[str]
    postal_prefixes: list[str]
    cells: list[str]
    buildings: list[TerritoryBuilding]
    area: str | None

    @classmethod
    def of(cls, part: Part) -> "TerritoryPart":
        """Return the wire form of ``part``."""
        area = None if part.area is None else json.dumps(part.area)
        return cls.model_validate(codec.dump(part) | {"area": area})


class TerritoryOutput(BaseModel):
    """A saved territory with all its places."""

    territory: TerritorySummary
    places: TerritoryPart
    excluded: TerritoryPart

    @classmethod
    def of(cls, territory: Territory, content: Content) -> "TerritoryOutput":
        """Return the wire form of a territory."""
        return cls(
            territory=TerritorySummary.of(territory),
            places=TerritoryPart.of(content.places),
            excluded=TerritoryPart.of(content.excluded),
        )
