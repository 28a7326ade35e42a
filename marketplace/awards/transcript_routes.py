"""HTTP: the full transcript of a closed lot, for its buyer and for the platform."""

from typing import Annotated

from fastapi import Depends

from buyers.desk import service as desk
from marketplace.bidding import transcripts
from marketplace.bidding.errors import NotOpenedError
from marketplace.bidding.transcript import Signed
from marketplace.kernel import http
from marketplace.kernel.access import Kind, Principal, allow
from marketplace.kernel.errors import NotFoundError
from marketplace.kernel.http import Working
from marketplace.kernel.ids import RequestId

router = http.router("/requests", tags=["auctions"])

Reader = Annotated[Principal, Depends(allow(Kind.BUYER, Kind.PLATFORM))]


@router.get(
    "/{request_id}/lots/{lot}/transcript",
    summary="Full transcript of a closed lot",
    responses=http.problems(NotFoundError, NotOpenedError),
)
def read_transcript(request_id: str, lot: str, work: Working, reader: Reader) -> Signed:
    """Every event of the lot with the hash that chains it to the one before, the results, and our signature.

    `marketplace verify FILE` checks it without us and computes the standing and the candidates again.
    That somebody of the platform reads it goes on record.
    """
    checked = RequestId(request_id) if reader.kind is Kind.PLATFORM else desk.owned(work, request_id)
    return transcripts.read(work, checked, lot)
