"""What all pages of the back office share: who may read them, who a colleague is, errors of one of several forms."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Annotated

from fastapi import Depends, Path

from marketplace.identity import service as identity
from marketplace.kernel.access import Kind, Principal, Scope, UserRole, allow
from marketplace.kernel.errors import ProblemError
from marketplace.kernel.work import Reading

Platform = Annotated[Principal, Depends(allow(Kind.PLATFORM))]
Taker = Annotated[Principal, Depends(allow(Kind.PLATFORM, scope=Scope.ADMINISTRATION))]
PlatformAdmin = Annotated[Principal, Depends(allow(Kind.PLATFORM, roles=(UserRole.ADMIN,), scope=Scope.ADMINISTRATION))]
Id = Annotated[str, Path(max_length=100, pattern=r"^[\x21-\x7e]+$")]


def colleagues(reading: Reading) -> dict[str, str]:
    """Return the names of the platform's own people by user id; nobody else's are known here."""
    found = identity.users_of(reading, reading.principal.organization_id)
    return {user.id: user.full_name for user in found}


@contextmanager
def beneath(part: str) -> Iterator[None]:
    """Let a problem point at the fields of one of a page's several forms: /reason at /``part``/reason."""
    try:
        yield
    except ProblemError as problem:
        problem.errors = tuple(replace(error, pointer=f"/{part}{error.pointer}") for error in problem.errors)
        raise
