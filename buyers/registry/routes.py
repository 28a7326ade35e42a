"""HTTP: registration of buyers, a buyer's own record and the evidence for its verification."""

from typing import Annotated, Any

from fastapi import Depends, File, Response, UploadFile

from buyers.registry import rules, service, verification
from buyers.registry.model import Buyer, Contact, Demographics, DocumentInfo
from buyers.registry.schemas import (
    BandsOutput,
    BuyerOutput,
    BuyerParts,
    DocumentOutput,
    NumbersInput,
    ReadingOutput,
    RegistrationInput,
    RegistrationOutput,
    VerificationOutput,
)
from marketplace.identity.errors import EmailTakenError
from marketplace.kernel import codec, http, pagination
from marketplace.kernel.access import PUBLIC, Kind, Principal, Scope, UserRole, allow
from marketplace.kernel.errors import (
    ForbiddenError,
    MalformedError,
    PreconditionRequiredError,
    StaleError,
    UnsupportedMediaError,
)
from marketplace.kernel.http import IfMatch, ReadingOnly, Working

router = http.router(tags=["buyer"])

Reader = Annotated[Principal, Depends(allow(Kind.BUYER))]
Admin = Annotated[Principal, Depends(allow(Kind.BUYER, roles=(UserRole.ADMIN,), scope=Scope.ADMINISTRATION))]

_LONGEST_TITLE = 200


@router.post(
    "/buyers", status_code=201, summary="Register a buyer", responses=http.problems(ForbiddenError, EmailTakenError)
)
def register_buyer(
    body: RegistrationInput, work: Working, _: Annotated[Principal, Depends(PUBLIC)], response: Response
) -> RegistrationOutput:
    """Anybody may register a business. Draft and submit at once; carriers see nothing before you are verified."""
    registered = service.register_buyer(
        work,
        body.name,
        Contact(**body.contact.model_dump()),
        Demographics(**body.demographics.model_dump()),
    )
    response.headers["Location"] = "/buyer"
    return RegistrationOutput(
        buyer_id=registered.buyer.id,
        user_id=registered.user.user_id,
        email=registered.user.email,
        initial_password=registered.user.initial_password,
        initial_password_expires_at=registered.user.expires_at,
    )


@router.get("/buyer", summary="Your organization")
def read_buyer(reading: ReadingOnly, _: Reader, response: Response) -> BuyerOutput:
    """What is on record of your organization, and the bands that carriers may see. Its version is the `ETag`."""
    return _output(service.get(reading, reading.principal.organization_id), response)


@router.patch("/buyer", summary="Change your record", responses=http.problems(StaleError, PreconditionRequiredError))
def change_buyer(
    body: BuyerParts, work: Working, _: Admin, response: Response, if_match: IfMatch = None
) -> BuyerOutput:
    """A change of the name or the numbers takes a verification back to pending: they are what was verified."""
    parts: dict[str, Any] = {name: getattr(body, name) for name in body.model_fields_set}
    for name, kind in (("contact", Contact), ("demographics", Demographics)):
        if name in parts:
            if parts[name] is None:
                raise MalformedError(f"Leave out '{name}' to keep it.")
            parts[name] = kind(**parts[name].model_dump())
    return _output(service.change(work, parts, if_match), response)


@router.get("/buyer/identity-readings", summary="Who read your identity")
def list_identity_readings(
    reading: ReadingOnly, _: Reader, limit: pagination.Limit = 50, after: pagination.After = None
) -> pagination.Page[ReadingOutput]:
    """Each time that somebody of the platform opened your case or one of your documents, newest first."""
    found, following = verification.own_readings(reading, after, limit)
    items = [ReadingOutput(at=item.at, user_id=item.user_id, document_id=item.document_id or None) for item in found]
    return pagination.Page(items=items, next=following)


@router.get("/buyer/verification", summary="Your verification")
def read_verification(reading: ReadingOnly, _: Reader) -> VerificationOutput:
    """How far it is, what you gave as evidence and what the platform said."""
    return _verification(*verification.own_case(reading))


@router.post("/buyer/verification/evidence", summary="Give registration numbers")
def add_evidence(body: NumbersInput, work: Working, _: Admin) -> VerificationOutput:
    """Format and check digits are checked at once. If you are verified, a new number has to be verified again."""
    verification.add_numbers(work, body.numbers)
    return _verification(*verification.own_case(work))


@router.post(
    "/buyer/verification/documents",
    status_code=201,
    summary="Upload a document",
    responses=http.problems(UnsupportedMediaError, verification.TooManyDocumentsError),
)
def upload_document(
    file: Annotated[UploadFile, File(description="PDF, PNG or JPEG of at most 5 MB")], work: Working, _: Admin
) -> DocumentOutput:
    """An extract from the register, a tax letter. Only the platform's admins can open it; you see when they do."""
    content = file.file.read(rules.LARGEST_DOCUMENT + 1)
    title = "".join(char for char in file.filename or "" if char.isprintable())[:_LONGEST_TITLE]
    return document_output(verification.add_document(work, title or "document", content))


@router.post(
    "/buyer/verification/submit",
    summary="Ask to be verified",
    responses=http.problems(rules.NotSubmittableError),
)
def submit_verification(work: Working, _: Admin) -> VerificationOutput:
    """An admin of the platform looks at your evidence. Requests that you submit meanwhile wait for the outcome."""
    verification.submit(work)
    return _verification(*verification.own_case(work))


def _output(buyer: Buyer, response: Response) -> BuyerOutput:
    response.headers["ETag"] = http.etag(buyer.revision)
    return buyer_output(buyer)


def buyer_output(buyer: Buyer) -> BuyerOutput:
    """Return a buyer's record as it goes over the wire."""
    return BuyerOutput(
        id=buyer.id,
        name=buyer.name,
        contact=codec.dump(buyer.contact),
        demographics=codec.dump(buyer.demographics),
        bands=BandsOutput(**codec.dump(rules.bands_of(buyer.demographics))),
        numbers={number.kind: number.value for number in buyer.numbers},
        verification=buyer.verification.status,
        created_at=buyer.created_at,
    )


def document_output(document: DocumentInfo) -> DocumentOutput:
    """Return a document's description as it goes over the wire."""
    return DocumentOutput(
        id=document.id,
        title=document.title,
        media_type=document.media_type,
        size=document.size,
        sha256=document.sha256,
        uploaded_at=document.uploaded_at,
    )


def _verification(buyer: Buyer, documents: tuple[DocumentInfo, ...]) -> VerificationOutput:
    return VerificationOutput(
        status=buyer.verification.status,
        since=buyer.verification.since,
        verified_until=buyer.verification.until,
        reason=buyer.verification.reason,
        numbers={number.kind: number.value for number in buyer.numbers},
        documents=[document_output(document) for document in documents],
    )
