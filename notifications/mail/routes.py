"""HTTP: the shared address of a provider's desk."""

from typing import Annotated

from fastapi import Depends, Response

from marketplace.kernel import http
from marketplace.kernel.access import Kind, Principal, Scope, UserRole, allow
from marketplace.kernel.errors import NotFoundError
from marketplace.kernel.http import AccountReading, AccountWork
from notifications.mail import addresses
from notifications.mail.addresses import LinkJustSentError
from notifications.mail.schemas import DeskAddressBody, DeskAddressOutput

router = http.router("/notices", tags=["notices"])

Desk = Annotated[Principal, Depends(allow(Kind.PROVIDER))]
DeskAdmin = Annotated[Principal, Depends(allow(Kind.PROVIDER, roles=(UserRole.ADMIN,), scope=Scope.ADMINISTRATION))]
Owner = Annotated[Principal, Depends(allow(Kind.BUYER, Kind.PROVIDER, Kind.PLATFORM, scope=Scope.ADMINISTRATION))]
"""Who may change it: a key that only reads can't."""


@router.get("/desk-address", summary="Your desk's shared address", responses=http.problems(NotFoundError))
def read_desk_address(reading: AccountReading, _: Desk) -> DeskAddressOutput:
    """An address that all of your desk reads, told beside the persons."""
    return _shown(reading)


@router.put("/desk-address", summary="Set your desk's shared address", responses=http.problems(LinkJustSentError))
def save_desk_address(body: DeskAddressBody, work: AccountWork, _: DeskAdmin) -> DeskAddressOutput:
    """It is mailed a link; once somebody who reads it has opened that, notices go there, too."""
    addresses.set_desk_address(work, body.address)
    return _shown(work)


@router.delete(
    "/desk-address",
    status_code=204,
    summary="Remove your desk's shared address",
    responses=http.problems(NotFoundError),
)
def delete_desk_address(work: AccountWork, _: DeskAdmin) -> Response:
    """Nothing goes there any more, from now on."""
    addresses.remove_desk_address(work)
    return Response(status_code=204)


@router.post(
    "/address-confirmation", status_code=204, summary="Confirm your address", responses=http.problems(LinkJustSentError)
)
def ask_address_confirmation(work: AccountWork, _: Owner) -> Response:
    """Mails a link to your own address: opening it ends that the address is spared, after mail to it came back."""
    addresses.ask_to_confirm(work)
    return Response(status_code=204)


def _shown(reading: AccountReading) -> DeskAddressOutput:
    found = addresses.desk_address(reading)
    if found is None:
        raise NotFoundError
    return DeskAddressOutput(address=found.address, set_at=found.set_at, confirmed_at=found.confirmed_at)
