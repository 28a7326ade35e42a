"""Wire types of terms documents and their key terms."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from marketplace.kernel import codec
from marketplace.kernel.errors import FieldError, MalformedError
from marketplace.kernel.wire import Whole, YesNo
from sellers import key_terms, rules
from sellers.key_terms import FeeForm, KeyTerms, ReviewForm
from sellers.model import TermsDocument, TermsHead

_PRINTABLE = r"^[^\x00-\x1f\x7f]*$"
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=_PRINTABLE)]
Text = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$")]
"""Text of several lines; PostgreSQL can't hold the character 0."""
Said = Annotated[str, StringConstraints(strip_whitespace=True, max_length=key_terms.MAX_WORDS, pattern=_PRINTABLE)]
Figure = Annotated[Decimal, Field(max_digits=14, decimal_places=2)]


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AutoRenewalInput(_Input):
    """Whether the contract renews by itself, and for how many months each time."""

    renews: YesNo
    months: Whole | None = Field(None, examples=[12])


class TerminationFeeInput(_Input):
    """What ending early costs; `value` in percent, months or money, as `form` says."""

    form: FeeForm
    value: Figure | None = Field(None, examples=["50"])
    words: Said = ""


class CommitmentInput(_Input):
    """The least that the buyer binds itself to besides the term."""

    months: Whole = 0
    monthly_amount: Figure | None = None
    words: Said = ""


class PriceReviewInput(_Input):
    """How prices may move during the term."""

    form: ReviewForm
    percent: Figure | None = None
    index: Said = ""


class ServiceCreditsInput(_Input):
    """What the buyer gets back for outages; no words: nothing."""

    words: Said = ""
    cap_percent: Figure | None = None


class KeyTermsInput(_Input):
    """What matters most in these terms. Buyers see it, in plain sentences, beside the text."""

    auto_renewal: AutoRenewalInput
    notice_days: Whole = Field(description="how long before the end notice must reach you", examples=[60])
    early_termination: TerminationFeeInput
    commitment: CommitmentInput
    price_review: PriceReviewInput
    service_credits: ServiceCreditsInput
    governing_law: Said = Field("", examples=["State of New York"])
    payment_days: Whole | None = Field(None, examples=[30])

    def value(self) -> KeyTerms:
        """Return the stated key terms. Raises MalformedError for values that don't go together."""
        stated = codec.load(KeyTerms, self.model_dump(mode="json"))
        errors = key_terms.check(stated)
        if errors:
            raise MalformedError("These key terms can't be published.", errors=errors)
        return stated


def key_terms_of(text: str) -> KeyTerms | None:
    """Return the key terms of a form's field, which is JSON or empty. Raises MalformedError."""
    if not text.strip():
        return None
    try:
        return KeyTermsInput.model_validate_json(text).value()
    except ValidationError as error:
        found = tuple(
            FieldError("".join(f"/{part}" for part in ("key_terms", *item["loc"])), item["msg"])
            for item in error.errors()
        )
        raise MalformedError("The key terms are not valid JSON of this form.", errors=found) from error


class TermsInput(_Input):
    """Terms and conditions. The same title again makes the next version; earlier ones stay."""

    title: Title = Field(examples=["Master service agreement"])
    text: Text = Field(max_length=rules.MAX_TERMS_BYTES, description="Markdown, at most 200,000 bytes in UTF-8")
    key_terms: KeyTermsInput | None = None


class TermsSummary(BaseModel):
    """A version of a terms document without its text; `sha256` is of its bytes: the text in UTF-8, or the PDF."""

    id: str
    title: str
    version: int
    sha256: str
    created_at: datetime
    media_type: str
    pages: int | None

    @classmethod
    def of(cls, terms: TermsHead) -> "TermsSummary":
        """Return the wire form of ``terms``."""
        return cls(
            id=terms.id,
            title=terms.title,
            version=terms.version,
            sha256=terms.sha256,
            created_at=terms.created_at,
            media_type=terms.media_type,
            pages=terms.pages,
        )


class TermsOutput(BaseModel):
    """A version of a terms document; `sha256` is of its bytes: the text in UTF-8, or the PDF.

    `text` of a PDF is what could be read of it. `summary` tells the key terms in plain sentences, `warnings` what a
    buyer is warned of.
    """

    id: str
    title: str
    version: int
    sha256: str
    created_at: datetime
    media_type: str
    pages: int | None
    text: str
    key_terms: KeyTerms | None
    summary: dict[str, str]
    warnings: list[str]

    @classmethod
    def of(cls, terms: TermsDocument) -> "TermsOutput":
        """Return the wire form of ``terms``."""
        return cls(
            id=terms.id,
            title=terms.title,
            version=terms.version,
            sha256=terms.sha256,
            created_at=terms.created_at,
            media_type=terms.media_type,
            pages=terms.pages,
            text=terms.text,
            key_terms=terms.key_terms,
            summary=key_terms.sentences(terms.key_terms),
            warnings=list(key_terms.warnings(terms.key_terms)),
        )
