"""HTTP: the caller's own phone number for text messages."""

from typing import Annotated

from fastapi import Depends, Request, Response

from marketplace.kernel import http
from marketplace.kernel.access import Kind, Principal, Scope, allow
from marketplace.kernel.errors import NotFoundError
from marketplace.kernel.http import AccountReading, AccountWork
from marketplace.kernel.work import Workshop
from notifications.texting import numbers
from notifications.texting.numbers import CodeJustSentError, CodeUsedUpError, NoTextsError, TooManyCodesError
from notifications.texting.schemas import PhoneBody, PhoneCodeBody, PhoneOutput

router = http.router("/notices/phone", tags=["notices"])

Anyone = Annotated[Principal, Depends(allow(Kind.BUYER, Kind.PROVIDER, Kind.PLATFORM))]
Owner = Annotated[Principal, Depends(allow(Kind.BUYER, Kind.PROVIDER, Kind.PLATFORM, scope=Scope.ADMINISTRATION))]
"""Who may change it: a key that only reads can't."""


@router.get("", summary="Your phone number", responses=http.problems(NotFoundError))
def read_phone(reading: AccountReading, _: Anyone) -> PhoneOutput:
    """Where urgent notices reach you as text messages."""
    return _shown(reading)


@router.put(
    "",
    summary="Set your phone number",
    responses=http.problems(NoTextsError, CodeJustSentError, TooManyCodesError),
)
def save_phone(body: PhoneBody, work: AccountWork, _: Owner) -> PhoneOutput:
    """It is texted a code, which is good for ten minutes; once you have sent that here, notices go there, too."""
    numbers.set_number(work, body.number)
    return _shown(work)


@router.post(
    "/confirmation",
    status_code=204,
    summary="Confirm your phone number",
    responses=http.problems(NotFoundError, CodeUsedUpError),
)
def confirm_phone(body: PhoneCodeBody, request: Request, principal: Owner) -> Response:
    """Five wrong codes, and another one has to be sent."""
    workshop: Workshop = request.app.state.workshop
    numbers.confirm(workshop, principal, body.code)
    return Response(status_code=204)


@router.delete("", status_code=204, summary="Remove your phone number", responses=http.problems(NotFoundError))
def delete_phone(work: AccountWork, _: Owner) -> Response:
    """Nothing is texted to you any more, from now on."""
    numbers.remove_number(work)
    return Response(status_code=204)


def _shown(reading: AccountReading) -> PhoneOutput:
    found = numbers.own_number(reading)
    if found is None:
        raise NotFoundError
    return PhoneOutput.of(found)
