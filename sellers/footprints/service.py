"""What a provider does with its footprint, and what others ask of the footprints in force."""

import hashlib
import zlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from marketplace.catalogue import service as catalogues
from marketplace.kernel import csv_text
from marketplace.kernel.errors import FieldError, MalformedError, NotFoundError, TooLargeError
from marketplace.kernel.ids import OrganizationId
from marketplace.kernel.work import Reading, Work
from sellers import service as sellers
from sellers.footprints import events, parse, places, rules, store
from sellers.footprints.cells import MAX_ERRORS
from sellers.footprints.model import (
    Compiled,
    Counts,
    Footprint,
    FootprintPlaces,
    FootprintVersion,
    Form,
    Offered,
    Parsed,
    RowError,
    Standing,
    Visibility,
)

LARGEST_FILE = 10_000_000
"""Bytes of an uploaded file."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a file comes to: its counts where it is without errors, the errors, and what was left unread."""

    counts: Counts | None
    errors: tuple[RowError, ...]
    ignored: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A new version, in force, and what of its file was left unread."""

    version: FootprintVersion
    ignored: tuple[str, ...]


def own(reading: Reading) -> tuple[Footprint, FootprintVersion | None]:
    """Return the caller's setting and its version in force. Raises NotFoundError."""
    provider = sellers.own(reading)
    footprint = store.footprint(reading, provider.id)
    return footprint, store.version(reading, provider.id, footprint.in_force)


def check(reading: Reading, content: bytes, form: Form) -> Checked:
    """Return what an upload of this file would say, and change nothing. Raises MalformedError, TooLargeError."""
    sellers.own(reading)
    parsed, compiled, errors = _read(reading, content, form)
    return Checked(compiled.counts if compiled else None, errors, parsed.ignored)


def upload(work: Work, content: bytes, form: Form) -> Uploaded:
    """Make a file the footprint in force, or change nothing.

    Raises MalformedError (its errors point to the wrong cells, at most ``MAX_ERRORS``), TooLargeError.
    """
    provider = sellers.own(work)
    parsed, compiled, errors = _read(work, content, form)
    if compiled is None:
        told = tuple(FieldError(error.pointer, _told(error, form)) for error in errors)
        raise MalformedError("Nothing was changed: mend these places and send the file again.", errors=told)
    footprint = rules.upload(store.hold(work, provider.id))
    work.tick()
    sha256 = hashlib.sha256(content).hexdigest()
    version = FootprintVersion(provider.id, footprint.in_force, compiled.counts, sha256, work.now)
    store.add_version(work, version, zlib.compress(parse.written(parsed.rows).encode(), 1), compiled)
    store.save(work, footprint)
    store.drop_versions(work, provider.id, rules.dropped_up_to(footprint), footprint.in_force)
    sellers.check_places(work)
    work.append(events.FootprintPublished(provider.id, version.number, version.counts.rows))
    return Uploaded(version, parsed.ignored)


def _read(reading: Reading, content: bytes, form: Form) -> tuple[Parsed, Compiled | None, tuple[RowError, ...]]:
    if len(content) > LARGEST_FILE:
        raise TooLargeError(f"A footprint has at most {LARGEST_FILE:,} bytes; join buildings into areas or split it.")
    nodes = catalogues.current(reading).nodes()
    if form is Form.CSV:
        parsed = parse.parse_csv(csv_text.decoded(content), nodes)
    else:
        parsed = parse.parse_geojson(content, nodes)
    if parsed.errors:
        return parsed, None, parsed.errors
    compiled, errors = places.compiled(parsed.rows, form)
    return parsed, None if errors else compiled, errors[:MAX_ERRORS]


def _told(error: RowError, form: Form) -> str:
    where = f"row {error.row}" if form is Form.CSV else f"feature {error.row}"
    value = f" is {error.value!r}" if error.value else ""
    return f"{where}{f', {error.column}' if error.column else ''}{value}: {error.message}"


def versions(reading: Reading, after: str | None, limit: int) -> list[FootprintVersion]:
    """Return the caller's versions behind ``after``, newest first. Raises NotFoundError, MalformedError."""
    return store.versions(reading, sellers.own(reading).id, after, limit)


def version(reading: Reading, number: int) -> FootprintVersion:
    """Return one of the caller's versions. Raises NotFoundError."""
    found = store.version(reading, sellers.own(reading).id, number)
    if found is None:
        raise NotFoundError
    return found


def file_of(reading: Reading, number: int) -> bytes:
    """Return one of the caller's versions as a CSV in UTF-8. Raises NotFoundError."""
    found = store.content(reading, sellers.own(reading).id, number)
    if found is None:
        raise NotFoundError
    return zlib.decompress(found)


def restore(work: Work, number: int) -> FootprintVersion:
    """Put an earlier version in force again. Raises NotFoundError, FootprintInForceError, TooManyPlacesError."""
    provider = sellers.own(work)
    footprint = store.hold(work, provider.id)
    found = version(work, number)
    store.save(work, rules.restore(footprint, number))
    sellers.check_places(work)
    work.append(events.FootprintPublished(provider.id, number, found.counts.rows))
    return found


def withdraw(work: Work) -> Footprint:
    """Take the footprint out of force; its versions stay. Raises NotFoundError, NoFootprintError."""
    provider = sellers.own(work)
    footprint = rules.withdraw(store.hold(work, provider.id))
    store.save(work, footprint)
    work.append(events.FootprintWithdrawn(provider.id))
    return footprint


def show(work: Work, visibility: Visibility) -> Footprint:
    """Say whether buyers read the provider's name where it has a network. Raises NotFoundError."""
    provider = sellers.own(work)
    before = store.hold(work, provider.id)
    footprint = rules.show(before, visibility)
    if footprint != before:
        store.save(work, footprint)
        work.append(events.FootprintVisibilityChanged(provider.id, visibility))
    return footprint


def places_of_provider(reading: Reading, provider_id: OrganizationId) -> FootprintPlaces | None:
    """Return where a provider says that it is on-net and near-net; None without a footprint in force."""
    return next((found for _, found in store.places(reading, provider_id)), None)


def all_places(reading: Reading) -> Mapping[OrganizationId, FootprintPlaces]:
    """Return where providers say that they are on-net and near-net, by provider."""
    return dict(store.places(reading))


def standings(reading: Reading) -> list[Standing]:
    """Return which footprints of approved providers are in force, by provider."""
    return store.standings(reading)


def offered(reading: Reading, version_ids: Collection[str]) -> Iterator[tuple[str, Offered]]:
    """Yield these versions with what they offer where."""
    return store.offered(reading, version_ids)
