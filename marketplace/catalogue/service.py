"""The catalogue in force, old versions of it, and saving a new one."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from sqlmodel import col, select

from marketplace.catalogue import rules
from marketplace.catalogue.events import CatalogueChanged
from marketplace.catalogue.model import Catalogue
from marketplace.catalogue.seed import load_seed
from marketplace.catalogue.tables import CatalogueVersionRow
from marketplace.kernel import codec
from marketplace.kernel.errors import ConflictError, MalformedError, NotFoundError
from marketplace.kernel.work import Reading, Work


class VersionTakenError(ConflictError):
    """A catalogue version is never changed."""

    kind = "catalogue-version-taken"
    title = "There is a catalogue of this version"


def current(reading: Reading) -> Catalogue:
    """Return the catalogue that new requests are written against: the newest saved one, or the packaged one."""
    return reading.once(("catalogue in force",), lambda: _current(reading))


def _current(reading: Reading) -> Catalogue:
    newest = reading.session.exec(
        select(CatalogueVersionRow.version).order_by(col(CatalogueVersionRow.created_at).desc()).limit(1)
    ).one_or_none()
    return _packaged() if newest is None else version(reading, newest)


def version(reading: Reading, name: str) -> Catalogue:
    """Return the catalogue of one version. Raises NotFoundError."""
    if name == _packaged().version:
        return _packaged()
    row = _saved(reading, name)
    if row is None:
        raise NotFoundError
    return codec.load(Catalogue, row.document)


@dataclass(frozen=True, slots=True)
class SavedVersion:
    """A version of the catalogue and when it was saved; None for the packaged one."""

    version: str
    saved_at: datetime | None


def versions(reading: Reading) -> tuple[SavedVersion, ...]:
    """Return all versions, the newest first: the first is in force."""
    rows = reading.session.exec(
        select(CatalogueVersionRow.version, CatalogueVersionRow.created_at).order_by(
            col(CatalogueVersionRow.created_at).desc()
        )
    )
    saved = tuple(SavedVersion(name, at.astimezone(UTC)) for name, at in rows)
    return (*saved, SavedVersion(_packaged().version, None))


def save(work: Work, catalogue: Catalogue) -> Catalogue:
    """Save a new version, in force from now on. Raises MalformedError, VersionTakenError."""
    errors = rules.validate_catalogue(catalogue)
    if errors:
        raise MalformedError("This is not a catalogue.", errors=errors)
    if catalogue.version == _packaged().version or _saved(work, catalogue.version) is not None:
        raise VersionTakenError(f"Give another version than '{catalogue.version}'.")
    work.session.add(
        CatalogueVersionRow(version=catalogue.version, document=codec.dump(catalogue), created_at=work.now)
    )
    work.session.flush()
    work.append(CatalogueChanged(catalogue.version))
    return catalogue


def _saved(reading: Reading, name: str) -> CatalogueVersionRow | None:
    return reading.session.get(CatalogueVersionRow, name)


@lru_cache(maxsize=1)
def _packaged() -> Catalogue:
    return load_seed()
