"""HTTP: the comparison as files."""

from datetime import UTC, date
from typing import Annotated

from fastapi import Depends, Response

from buyers.desk import service as desk
from buyers.requests import service as requests
from marketplace.awards import matrix, service
from marketplace.awards.routes import DECIDING
from marketplace.kernel import http, sheets
from marketplace.kernel.access import Kind, Principal, allow
from marketplace.kernel.http import Working
from marketplace.kernel.sheets import Sheet
from marketplace.kernel.work import Work

router = http.router("/requests", tags=["awards"])

_DECIDING = http.problems(*DECIDING)
Buyer = Annotated[Principal, Depends(allow(Kind.BUYER))]


@router.get(
    "/{request_id}/comparison.xlsx",
    summary="The comparison as a workbook",
    response_class=Response,
    responses=_DECIDING | {200: {"content": {sheets.XLSX: {}}, "description": "Bids, sites by providers, totals"}},
)
def export_comparison_xlsx(request_id: str, work: Working, _: Buyer) -> Response:
    """After the close. Every bid a row, the matrix of sites by providers, and totals; no cell is a formula."""
    content = sheets.as_xlsx(_sheets(work, request_id))
    return Response(content, media_type=sheets.XLSX, headers=_named("xlsx"))


@router.get(
    "/{request_id}/comparison.csv",
    summary="The comparison as CSV",
    response_class=Response,
    responses=_DECIDING | {200: {"content": {"text/csv": {}}, "description": "Every bid a row"}},
)
def export_comparison_csv(request_id: str, work: Working, _: Buyer) -> Response:
    """After the close: every bid a row, in the order of the comparison."""
    content = sheets.as_csv(_sheets(work, request_id)[0])
    return Response(content, media_type="text/csv; charset=utf-8", headers=_named("csv"))


def _sheets(work: Work, request_id: str) -> tuple[Sheet, ...]:
    owned = desk.owned(work, request_id)
    comparison = service.compare(work, owned, hold=False)
    today: date = work.now.astimezone(UTC).date()
    return matrix.sheets(comparison, requests.get(work, owned).content, today)


def _named(kind: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="comparison.{kind}"'}
