"""Wire types of footprints."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from sellers.footprints.model import Footprint, FootprintVersion, RowError, Visibility
from sellers.footprints.service import Checked, Uploaded


class FootprintVersionOutput(BaseModel):
    """One upload. `sha256` is of the file as you sent it."""

    number: int
    rows: int
    on_net: int
    near_net: int
    sha256: str
    uploaded_at: datetime

    @classmethod
    def of(cls, version: FootprintVersion) -> "FootprintVersionOutput":
        """Return the wire form of ``version``."""
        return cls(
            number=version.number,
            rows=version.counts.rows,
            on_net=version.counts.on_net,
            near_net=version.counts.near_net,
            sha256=version.sha256,
            uploaded_at=version.uploaded_at,
        )


class FootprintOutput(BaseModel):
    """Your setting: who may know, and the version in force (null: none)."""

    visibility: Visibility
    in_force: FootprintVersionOutput | None

    @classmethod
    def of(cls, footprint: Footprint, version: FootprintVersion | None) -> "FootprintOutput":
        """Return the wire form of a setting and its version in force."""
        return cls(
            visibility=footprint.visibility,
            in_force=None if version is None else FootprintVersionOutput.of(version),
        )


class FootprintProblem(BaseModel):
    """One wrong place. `row` counts from the header (1) in a CSV and is the feature's index (from 0) in GeoJSON."""

    row: int
    column: str
    value: str
    message: str
    pointer: str

    @classmethod
    def of(cls, error: RowError) -> "FootprintProblem":
        """Return the wire form of ``error``."""
        return cls(row=error.row, column=error.column, value=error.value, message=error.message, pointer=error.pointer)


class FootprintReport(BaseModel):
    """What an upload came to, or with `check=true` would come to.

    `version` is null where nothing was stored; figures are null where there are errors. `ignored` names properties of
    GeoJSON features that mean nothing here.
    """

    version: int | None
    rows: int | None
    on_net: int | None
    near_net: int | None
    errors: list[FootprintProblem]
    ignored: list[str]

    @classmethod
    def of_check(cls, checked: Checked) -> "FootprintReport":
        """Return the wire form of a check."""
        counts = checked.counts
        return cls(
            version=None,
            rows=counts.rows if counts else None,
            on_net=counts.on_net if counts else None,
            near_net=counts.near_net if counts else None,
            errors=[FootprintProblem.of(error) for error in checked.errors],
            ignored=list(checked.ignored),
        )

    @classmethod
    def of_upload(cls, uploaded: Uploaded) -> "FootprintReport":
        """Return the wire form of an upload."""
        counts = uploaded.version.counts
        return cls(
            version=uploaded.version.number,
            rows=counts.rows,
            on_net=counts.on_net,
            near_net=counts.near_net,
            errors=[],
            ignored=list(uploaded.ignored),
        )


class VisibilityInput(BaseModel):
    """Who may know where you have a network.

    `private`: buyers are told how many providers there are at a place, you among them, and never your name.
    `published`: they read your name beside the count.
    """

    model_config = ConfigDict(extra="forbid")

    visibility: Visibility = Field(examples=["published"])
