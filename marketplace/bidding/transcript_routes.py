"""HTTP: what a bidder gets of a closed lot's transcript."""

from typing import Annotated

from fastapi import Depends

from marketplace.bidding import transcripts
from marketplace.bidding.errors import NotOpenedError
from marketplace.bidding.transcript import Signed
from marketplace.kernel import http
from marketplace.kernel.access import Kind, Principal, allow
from marketplace.kernel.errors import NotFoundError
from marketplace.kernel.http import DeskReading

router = http.router("/invitations", tags=["bids"])


@router.get(
    "/{invitation_id}/lots/{lot}/transcript",
    summary="Transcript of a closed lot",
    responses=http.problems(NotFoundError, NotOpenedError),
)
def read_own_transcript(
    invitation_id: str,
    lot: str,
    reading: DeskReading,
    _: Annotated[Principal, Depends(allow(Kind.PROVIDER))],
) -> Signed:
    """The chain of events, yours in clear and of all others the hash, and the results as your screen shows them.

    Keep it with your receipts: `marketplace verify FILE --receipt RECEIPT` checks it without us.
    """
    return transcripts.of_invitation(reading, invitation_id, lot)
