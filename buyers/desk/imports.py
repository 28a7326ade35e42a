"""Sites and lines from a CSV file into a draft: good rows are kept, bad ones are told cell by cell."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from buyers.desk import service
from buyers.registry import service as registry
from buyers.registry.model import SiteDetails
from buyers.requests import importer
from buyers.requests import service as requests
from buyers.requests.importer import LineRow
from buyers.requests.model import Content, Line, Lot, Request, Site
from marketplace.catalogue import service as catalogues
from marketplace.kernel import csv_text, http
from marketplace.kernel.csv_text import CellError
from marketplace.kernel.errors import TooLargeError
from marketplace.kernel.ids import OrganizationId
from marketplace.kernel.work import Reading, Work

LARGEST_IMPORT = 2_000_000
"""Bytes: room for the most lines and sites of a request; reading twelve million separators takes many seconds."""


class What(StrEnum):
    """What the rows of a file are."""

    SITES = "sites"
    LINES = "lines"


@dataclass(frozen=True, slots=True)
class Imported:
    """How many rows came in as what, and the cells that were wrong."""

    sites: int
    lines: int
    problems: tuple[CellError, ...]
    request: Request


def import_rows(work: Work, request_id: str, what: What, text: bytes, if_match: str | None) -> Imported:
    """Add the good rows of a CSV file to a draft.

    Raises TooLargeError, MalformedError for a file that can't be read as CSV.
    """
    if len(text) > LARGEST_IMPORT:
        raise TooLargeError(f"A file to import has at most {LARGEST_IMPORT:,} bytes.")
    checked = service.owned(work, request_id)
    request = requests.hold(work, checked)
    http.check_if_match(if_match, request.revision)
    buyer_id = work.principal.organization_id
    decoded = csv_text.decoded(text)
    if what is What.SITES:
        result = importer.parse_sites(decoded)
        content = _with_sites(work, buyer_id, request.content, result.rows)
        edited = requests.edit(work, checked, content)
        return Imported(len(result.rows), 0, result.errors, edited)
    labels = _labels(work, buyer_id, request.content)
    lines = importer.parse_lines(decoded, catalogues.version(work, request.catalogue_version), tuple(labels))
    edited = requests.edit(work, checked, _with_lines(request.content, lines.rows, labels))
    return Imported(0, len(lines.rows), lines.errors, edited)


def _with_sites(work: Work, buyer_id: OrganizationId, content: Content, rows: tuple[importer.SiteRow, ...]) -> Content:
    """Put the rows into the address book and those that the draft doesn't have yet into it."""
    site_ids = registry.upsert_sites(work, buyer_id, [_site_command(row) for row in rows])
    known = {site.site_id for site in content.sites}
    number = _highest(site.ref for site in content.sites)
    sites = list(content.sites)
    for row in rows:
        site_id = site_ids[row.label]
        if site_id in known:
            sites = [replace(site, place=row.place) if site.site_id == site_id else site for site in sites]
        else:
            number += 1
            known.add(site_id)
            sites.append(Site(f"S{number}", site_id, row.place))
    return replace(content, sites=tuple(sites))


def _site_command(row: importer.SiteRow) -> SiteDetails:
    place = row.place
    return SiteDetails(
        label=row.label,
        street=place.street,
        city=place.city,
        state=place.state,
        postal_code=place.postal_code,
        country=place.country,
        latitude=place.latitude,
        longitude=place.longitude,
        opening_hours=row.opening_hours,
        contact_name=row.contact_name,
        contact_phone=row.contact_phone,
        contact_email=row.contact_email,
    )


def _labels(reading: Reading, buyer_id: OrganizationId, content: Content) -> dict[str, str]:
    """Return the draft's site refs by the labels that the buyer gave the sites."""
    known = registry.sites_by_id(reading, buyer_id)
    return {known[site.site_id].label: site.ref for site in content.sites if site.site_id in known}


def _with_lines(content: Content, rows: tuple[LineRow, ...], refs: dict[str, str]) -> Content:
    """Append the rows as lines; a lot's name in the file groups its lines."""
    number = _highest(line.ref for line in content.lines)
    lines, members = list(content.lines), {lot.name: list(lot.lines) for lot in content.lots}
    names = {lot.name: lot.ref for lot in content.lots}
    next_lot = _highest(names.values())
    for row in rows:
        number += 1
        ref = f"L{number}"
        lines.append(
            Line(ref, row.service_type, refs.get(row.site, ""), row.quantity, row.features, row.priority, row.note)
        )
        if row.lot:
            if row.lot not in names:
                next_lot += 1
                names[row.lot], members[row.lot] = f"T{next_lot}", []
            members[row.lot].append(ref)
    lots = tuple(Lot(ref, name, tuple(members[name])) for name, ref in names.items())
    return replace(content, lines=tuple(lines), lots=lots)


def _highest(refs: Iterable[str]) -> int:
    """Return the highest number among refs such as S1, S2; 0 without any."""
    return max((int(ref[1:]) for ref in refs), default=0)
