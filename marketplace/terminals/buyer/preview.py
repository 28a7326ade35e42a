"""What a carrier gets of a request, byte for byte, beside what only the buyer sees."""

import hashlib
from typing import Annotated, Any

from fastapi import Depends, Request, Response

from buyers.desk import service as desk
from buyers.registry import service as registry
from buyers.requests.view import CarrierView
from marketplace.catalogue import service as catalogues
from marketplace.kernel import codec
from marketplace.kernel.access import Kind, Principal, allow
from marketplace.kernel.http import ReadingOnly
from marketplace.kernel.work import Reading
from marketplace.terminals import pages
from marketplace.terminals.buyer import requests as request_pages
from marketplace.terminals.buyer import wizard
from sellers import service as sellers

router = pages.router()

Buyer = Annotated[Principal, Depends(allow(Kind.BUYER))]


@router.get("/b/requests/{request_id}/preview", summary="What carriers see of a request")
def show_request_preview(request_id: str, request: Request, reading: ReadingOnly, _: Buyer) -> Response:
    """Show what every invited carrier gets, and what stays with the buyer."""
    return pages.render(request, "buyer/preview.html", **_context(reading, request_id))


@router.get("/b/requests/{request_id}/preview.json", summary="What carriers see of a request as a file")
def show_request_preview_file(request_id: str, response: Response, reading: ReadingOnly, _: Buyer) -> CarrierView:
    """Send the bytes that an invited carrier reads."""
    response.headers["Content-Disposition"] = 'attachment; filename="request.json"'
    return codec.load(CarrierView, desk.preview(reading, request_id))


def _context(reading: Reading, request_id: str) -> dict[str, Any]:
    own = desk.read(reading, request_id)
    document = desk.preview(reading, request_id)
    view = codec.load(CarrierView, document)
    book = registry.sites_by_id(reading, reading.principal.organization_id)
    listed = list(own.content.provider_list.providers)
    return request_pages.head_of(reading, own) | {
        "view": view,
        "catalogue": catalogues.version(reading, view.catalogue_version),
        "content": own.content,
        "buyer_name": registry.get(reading, reading.principal.organization_id).name,
        "labels": wizard.labels(reading, own.content),
        "contacts": {site.ref: book[site.site_id] for site in own.content.sites if site.site_id in book},
        "listed": sellers.names(reading, listed),
        "bands": desk.disclosable_bands(reading),
        "findings": desk.findings(reading, request_id),
        "unusual": desk.unusual(reading, request_id),
        "digest": hashlib.sha256(codec.canonical(document)).hexdigest(),
    }
