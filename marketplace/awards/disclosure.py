"""The only step from a pseudonym to an identity: what an awarded provider learns, fixed at the award."""

from dataclasses import dataclass, fields, replace
from typing import Any

from buyers.registry import service as registry
from buyers.registry.model import BuyerIdentity, Site, SiteDetails
from buyers.requests.model import Place, Request
from marketplace.awards import events, store
from marketplace.awards.tables import DisclosureRow
from marketplace.kernel import codec, ids
from marketplace.kernel.errors import NotFoundError
from marketplace.kernel.ids import OrganizationId, RequestId
from marketplace.kernel.work import Reading, Work


@dataclass(frozen=True, slots=True)
class DisclosedSite:
    """A site of an awarded lot: its name in the request, where exactly it is, and the buyer's record of it.

    ``record`` is missing where the buyer has removed the site from its address book since.
    """

    ref: str
    place: Place
    record: SiteDetails | None


@dataclass(frozen=True, slots=True)
class DisclosedNote:
    """What the buyer wrote beside a line of an awarded lot."""

    line: str
    note: str


@dataclass(frozen=True, slots=True)
class Disclosed:
    """All that an awarded provider learns of the buyer, as it was at the award: texts as the buyer wrote them."""

    buyer: BuyerIdentity
    purchase_order: str
    sites: tuple[DisclosedSite, ...]
    title: str = ""
    description: str = ""
    notes: tuple[DisclosedNote, ...] = ()


def disclose(work: Work, request: Request, award_id: str, provider_id: OrganizationId, lots: tuple[str, ...]) -> None:
    """Let a winner read who the buyer is and where exactly the sites of its lots are, in the award's transaction."""
    buyer_id = registry.owner_of(work, request.id)
    if buyer_id is None:
        raise NotFoundError
    row = DisclosureRow(
        id=ids.new("dsc"),
        award_id=award_id,
        request_id=request.id,
        provider_id=provider_id,
        identity=codec.dump(_snapshot(work, request, buyer_id, lots)),
        at=work.now,
    )
    store.add_disclosure(work, row)
    work.append(events.IdentityDisclosed(request.id, award_id, provider_id))


def read_identity(work: Work, request_id: RequestId, provider_id: OrganizationId) -> Disclosed:
    """Return who the buyer is to an awarded provider; every reading is recorded. Raises NotFoundError for others.

    With several awards it is the newest, with the sites and notes of all.
    """
    rows = store.disclosures(work, request_id, provider_id)
    if not rows:
        raise NotFoundError
    work.append(events.DisclosureRead(request_id, rows[0].award_id, provider_id))
    newest, *earlier = [codec.load(Disclosed, row.identity) for row in rows]
    sites = {site.ref: site for one in (*reversed(earlier), newest) for site in one.sites}
    notes = {note.line: note for one in (*reversed(earlier), newest) for note in one.notes}
    return replace(newest, sites=tuple(sites.values()), notes=tuple(notes.values()))


def note_reading(work: Work, request_id: RequestId, award_id: str, provider_id: OrganizationId) -> None:
    """Record that a provider reads what it was disclosed in another place: in the contract, which names the buyer."""
    work.append(events.DisclosureRead(request_id, award_id, provider_id))


def disclosed_identity(
    reading: Reading, request_id: RequestId, award_id: str, provider_id: OrganizationId
) -> dict[str, Any]:
    """Return what was disclosed with an award, for the contract between the two. Raises NotFoundError."""
    rows = store.disclosures(reading, request_id, provider_id, award_id)
    if not rows:
        raise NotFoundError
    return rows[0].identity


def _snapshot(reading: Reading, request: Request, buyer_id: OrganizationId, lots: tuple[str, ...]) -> Disclosed:
    """Return the buyer's identity and the exact sites of the awarded lots."""
    content = request.content
    lines = {ref for lot in content.lots if lot.ref in lots for ref in lot.lines}
    refs = {line.site for line in content.lines if line.ref in lines}
    known = registry.sites_by_id(reading, buyer_id)
    sites = tuple(
        DisclosedSite(site.ref, site.place, _details(known.get(site.site_id)))
        for site in content.sites
        if site.ref in refs
    )
    return Disclosed(
        registry.identity_of(reading, buyer_id),
        content.billing.purchase_order,
        sites,
        content.title,
        content.description,
        tuple(DisclosedNote(line.ref, line.note) for line in content.lines if line.ref in lines and line.note),
    )


def _details(record: Site | None) -> SiteDetails | None:
    """Return a record without its id, by which a provider could link two requests."""
    if record is None:
        return None
    return SiteDetails(**{field.name: getattr(record, field.name) for field in fields(SiteDetails)})
