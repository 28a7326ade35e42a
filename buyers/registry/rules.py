"""Pure decisions on buyers: demographic bands, what a valid record is, and the states of verification."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from buyers.registry.model import (
    Bands,
    Buyer,
    Check,
    Decision,
    Demographics,
    DocumentInfo,
    NumberKind,
    SiteDetails,
    Verification,
    VerificationStatus,
)
from buyers.registry.numbers import country_of
from buyers.registry.regions import REGION_BY_COUNTRY, REGION_BY_STATE, region_of
from marketplace.kernel.errors import ConflictError, FieldError
from marketplace.kernel.ids import UserId

VERIFIED_FOR = timedelta(days=365)
MOST_DOCUMENTS = 20
LARGEST_DOCUMENT = 5_000_000
"""Bytes."""
DOCUMENT_TYPES: Mapping[str, str] = {"application/pdf": ".pdf", "image/png": ".png", "image/jpeg": ".jpg"}
"""Media types that are taken as proof, and the ending of a file of it."""
MOST_SITES = 10_000

INDUSTRIES: Mapping[str, str] = {
    "A": "Agriculture, forestry and fishing",
    "B": "Mining and quarrying",
    "C": "Manufacturing",
    "D": "Electricity, gas, steam and air conditioning supply",
    "E": "Water supply, sewerage, waste management and remediation",
    "F": "Construction",
    "G": "Wholesale and retail trade, repair of motor vehicles",
    "H": "Transportation and storage",
    "I": "Accommodation and food service",
    "J": "Information and communication",
    "K": "Financial and insurance activities",
    "L": "Real estate activities",
    "M": "Professional, scientific and technical activities",
    "N": "Administrative and support services",
    "O": "Public administration and defence",
    "P": "Education",
    "Q": "Human health and social work",
    "R": "Arts, entertainment and recreation",
    "S": "Other services",
    "T": "Households as employers",
    "U": "Extraterritorial organizations",
}
"""Sections of ISIC Rev. 4, which NACE Rev. 2 shares."""

_SIZES = ((10, "1-9"), (50, "10-49"), (250, "50-249"), (1000, "250-999"), (5000, "1000-4999"))
"""Employees below which each band ends; the first four are Eurostat's size classes."""
_LARGEST_SIZE = "5000+"
SIZES = (*(band for _, band in _SIZES), _LARGEST_SIZE)

_PUBLIC_MAIL = frozenset(
    {
        "aol.com",
        "gmail.com",
        "gmx.com",
        "gmx.de",
        "gmx.net",
        "googlemail.com",
        "hotmail.com",
        "icloud.com",
        "live.com",
        "mail.com",
        "me.com",
        "msn.com",
        "outlook.com",
        "proton.me",
        "protonmail.com",
        "web.de",
        "yahoo.com",
    }
)


class NotDecidableError(ConflictError):
    """The case is not in a state in which this can be decided."""

    kind = "not-decidable"
    title = "This can't be decided now"


class SecondAdminNeededError(ConflictError):
    """The admin who flagged a case does not decide it."""

    kind = "second-admin-needed"
    title = "You flagged this case: another admin decides it"


class NotSubmittableError(ConflictError):
    """The verification can't be asked for: it is running, or there, or there is no evidence."""

    kind = "verification-not-submittable"
    title = "Verification can't be asked for now"


def bands_of(demographics: Demographics) -> Bands:
    """Return the bands of valid demographics.

    The region is a census region for the United States ('US-Northeast'), a continent for all other countries.
    """
    size = next((band for end, band in _SIZES if demographics.employees < end), _LARGEST_SIZE)
    return Bands(demographics.industry, size, region_of(demographics.country, demographics.region))


def check_demographics(demographics: Demographics) -> tuple[FieldError, ...]:
    """Return what is wrong with ``demographics`` and what would be right; pointers start at the demographics."""
    errors = []
    if demographics.industry not in INDUSTRIES:
        errors.append(FieldError("/industry", "give the letter of an ISIC section, A to U: P is education"))
    if demographics.employees < 1:
        errors.append(FieldError("/employees", "a business has at least 1 employee"))
    if demographics.sites < 1:
        errors.append(FieldError("/sites", "a business has at least 1 site"))
    spend = demographics.annual_telecom_spend
    if spend is not None and spend < 0:
        errors.append(FieldError("/annual_telecom_spend", "give US dollars a year, 0 or more, or leave it out"))
    if demographics.country not in REGION_BY_COUNTRY:
        errors.append(FieldError("/country", "give the country as two capital letters (ISO 3166-1): US"))
    if demographics.country == "US" and demographics.region not in REGION_BY_STATE:
        errors.append(FieldError("/region", "give the state as two capital letters: CA"))
    return tuple(errors)


def check_site(site: SiteDetails) -> tuple[FieldError, ...]:
    """Return what is wrong with a site and what would be right."""
    errors = []
    if not site.label:
        errors.append(FieldError("/label", "give the site a label of its own"))
    for name, degrees, limit in (("latitude", site.latitude, 90), ("longitude", site.longitude, 180)):
        if degrees is not None and not -limit <= degrees <= limit:
            errors.append(FieldError(f"/{name}", f"{name} is in degrees from -{limit} to {limit}"))
    if (site.latitude is None) != (site.longitude is None):
        missing = "latitude" if site.latitude is None else "longitude"
        errors.append(FieldError(f"/{missing}", "give latitude and longitude together, or neither"))
    return tuple(errors)


def own_domains(emails: Collection[str]) -> tuple[str, ...]:
    """Return the domains of ``emails`` that tell who somebody is: not those of public mail services."""
    domains = {email.rpartition("@")[2].casefold() for email in emails if "@" in email}
    return tuple(sorted(domains - _PUBLIC_MAIL))


def unverified(now: datetime) -> Verification:
    """Return the verification of a buyer that has just registered."""
    return Verification(VerificationStatus.UNVERIFIED, now)


def is_verified(verification: Verification, now: datetime) -> bool:
    """Return whether the buyer is verified at ``now``: a fact of the clock, whether or not the alarm has rung."""
    until = verification.until
    return verification.status is VerificationStatus.VERIFIED and until is not None and now < until


def submitted(verification: Verification, now: datetime, *, evidence: int) -> Verification:
    """Return the verification after the buyer asked for it, with ``evidence`` numbers and documents.

    A flag stays: failing and asking again does not get round the second admin. Raises NotSubmittableError.
    """
    if verification.status is VerificationStatus.PENDING:
        raise NotSubmittableError("It is being checked already.")
    if is_verified(verification, now):
        raise NotSubmittableError("You are verified.")
    if not evidence:
        raise NotSubmittableError("Add a registration number or a document first.")
    return replace(verification, status=VerificationStatus.PENDING, since=now, reason="", until=None)


def reopened(verification: Verification, now: datetime) -> Verification:
    """Return a verification after the verified identity changed: back to pending. A flag stays."""
    if verification.status is not VerificationStatus.VERIFIED:
        return verification
    return replace(verification, status=VerificationStatus.PENDING, since=now, reason="", until=None)


def decided(verification: Verification, decision: Decision, admin: UserId, reason: str, now: datetime) -> Verification:
    """Return the verification after ``admin`` made ``decision``.

    Raises:
        NotDecidableError: the status does not allow this decision, or the case is flagged already.
        SecondAdminNeededError: the admin flagged the case.
    """
    if verification.status not in _DECIDABLE[decision]:
        allowed = " or ".join(_DECIDABLE[decision])
        raise NotDecidableError(f"To {decision} it must be {allowed}; it is {verification.status}.")
    if decision is Decision.FLAG:
        if verification.flagged_by is not None:
            raise NotDecidableError("It is flagged already.")
        return replace(verification, flagged_by=admin, flag_reason=reason)
    if verification.flagged_by == admin:
        raise SecondAdminNeededError
    until = now + VERIFIED_FOR if decision is Decision.VERIFY else None
    return Verification(_OUTCOMES[decision], now, reason, until)


_DECIDABLE: Mapping[Decision, tuple[VerificationStatus, ...]] = {
    # of a verified buyer: renews it, or answers a flag that proved unfounded
    Decision.VERIFY: (VerificationStatus.PENDING, VerificationStatus.VERIFIED),
    Decision.REJECT: (VerificationStatus.PENDING,),
    Decision.FLAG: (VerificationStatus.PENDING, VerificationStatus.VERIFIED),
    Decision.REVOKE: (VerificationStatus.VERIFIED,),
}
_OUTCOMES: Mapping[Decision, VerificationStatus] = {
    Decision.VERIFY: VerificationStatus.VERIFIED,
    Decision.REJECT: VerificationStatus.REJECTED,
    Decision.REVOKE: VerificationStatus.REVOKED,
}


def expired(verification: Verification, now: datetime) -> Verification | None:
    """Return the verification after its end, None if it has not ended."""
    if verification.status is not VerificationStatus.VERIFIED or is_verified(verification, now):
        return None
    return replace(verification, status=VerificationStatus.EXPIRED, since=now, until=None)


def expires_within(until: datetime, days: int, other_days: int, now: datetime) -> bool:
    """Tell whether a verification ends in at most ``days`` days, but in more than ``other_days``."""
    return timedelta(days=other_days) < until - now <= timedelta(days=days)


def checks_of(
    buyer: Buyer, documents: Collection[DocumentInfo], claimed_by_others: Collection[NumberKind]
) -> tuple[Check, ...]:
    """Return what can be checked without asking anybody, for the admin who decides.

    ``claimed_by_others``: the kinds of the buyer's numbers that another buyer gave too.
    """
    checks = [
        Check(
            "evidence",
            passed=bool(buyer.numbers or documents),
            finding=f"{len(buyer.numbers)} numbers and {len(documents)} documents",
        )
    ]
    home = buyer.demographics.country
    for number in buyer.numbers:
        name = number.kind.value
        checks.append(Check(f"{name}: format", passed=True, finding="format and check digits are right"))
        country = country_of(number.kind, number.value)
        if country:
            finding = f"issued in {country}, the buyer says it is in {home}"
            checks.append(Check(f"{name}: country", passed=country == home, finding=finding))
        alone = number.kind not in claimed_by_others
        finding = "no other buyer gave it" if alone else "another buyer gave the same number"
        checks.append(Check(f"{name}: claimed once", passed=alone, finding=finding))
    own = own_domains((buyer.contact.email,))
    finding = f"the contact writes from {own[0]}" if own else "the contact writes from a public mail service"
    checks.append(Check("contact: own mail domain", passed=bool(own), finding=finding))
    return tuple(checks)
