"""The only step from a pseudonym to an identity: what an awarded provider learns, fixed at the award."""

from typing import Any

from buyers.registry import service as registry
from buyers.requests.model import Request
from marketplace.awards import events, store
from marketplace.awards.tables import DisclosureRow
from marketplace.kernel import codec, ids
from marketplace.kernel.errors import NotFoundError
from marketplace.kernel.ids import OrganizationId, RequestId
from marketplace.kernel.work import Reading, Work


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
        identity=_snapshot(work, request, buyer_id, lots),
        at=work.now,
    )
    store.add_disclosure(work, row)
    work.append(events.IdentityDisclosed(request.id, award_id, provider_id))


def read_identity(work: Work, request_id: RequestId, provider_id: OrganizationId) -> dict[str, Any]:
    """Return who the buyer is to an awarded provider; every reading is recorded. Raises NotFoundError for others."""
    row = store.disclosure(work, request_id, provider_id)
    if row is None:
        raise NotFoundError
    work.append(events.DisclosureRead(request_id, row.award_id, provider_id))
    return row.identity


def disclosed_identity(
    reading: Reading, request_id: RequestId, award_id: str, provider_id: OrganizationId
) -> dict[str, Any]:
    """Return what was disclosed with an award, for the contract between the two. Raises NotFoundError."""
    row = store.disclosure(reading, request_id, provider_id, award_id)
    if row is None:
        raise NotFoundError
    return row.identity


def _snapshot(reading: Reading, request: Request, buyer_id: OrganizationId, lots: tuple[str, ...]) -> dict[str, Any]:
    """Return the buyer's identity and the exact sites of the awarded lots as JSON values."""
    content = request.content
    lines = {ref for lot in content.lots if lot.ref in lots for ref in lot.lines}
    refs = {line.site for line in content.lines if line.ref in lines}
    known = registry.sites_by_id(reading, buyer_id)
    sites = []
    for site in content.sites:
        if site.ref in refs:
            record = known.get(site.site_id)
            contact = codec.dump(record) if record is not None else {}
            sites.append({"ref": site.ref, "place": codec.dump(site.place), "record": contact})
    identity: dict[str, Any] = codec.dump(registry.identity_of(reading, buyer_id))
    return {"buyer": identity, "purchase_order": content.billing.purchase_order, "sites": sites}
