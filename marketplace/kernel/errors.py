"""Named errors, each with a fixed HTTP status: the problem details of RFC 9457 without HTTP."""

from dataclasses import asdict, dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing that is wrong with the input and what would be right.

    ``pointer`` is a JSON Pointer (RFC 6901) into the body, or ``query/name`` or ``header/name``.
    """

    pointer: str
    message: str


class ProblemError(Exception):
    """Base of every error that a caller may see.

    Subclasses fix ``status`` (HTTP), ``kind`` (the stable last part of the problem's type URI) and ``title``.
    ``detail`` says what happened this time; ``errors`` lists fields; ``extra`` holds documented further members.
    """

    status: ClassVar[int] = 500
    kind: ClassVar[str] = "internal"
    title: ClassVar[str] = "Something went wrong on our side"

    def __init__(
        self,
        detail: str = "",
        *,
        errors: tuple[FieldError, ...] = (),
        headers: dict[str, str] | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = detail
        self.errors = errors
        self.headers = headers or {}
        self.extra = extra

    def document(self) -> dict[str, Any]:
        """Return the problem document (RFC 9457, section 3) as JSON values."""
        body: dict[str, Any] = {"type": f"/problems/{self.kind}", "title": self.title, "status": self.status}
        if self.detail:
            body["detail"] = self.detail
        if self.errors:
            body["errors"] = [asdict(error) for error in self.errors]
        return body | self.extra


class MalformedError(ProblemError):
    """The payload is not what the route takes: wrong shape, unknown value, out of range."""

    status = 422
    kind = "malformed"
    title = "The request body or its parameters are not valid"


class UnauthenticatedError(ProblemError):
    """Nobody is signed in, or the token or key is not valid (any more)."""

    status = 401
    kind = "unauthenticated"
    title = "Sign in first"


class ForbiddenError(ProblemError):
    """The caller is known and may not do this, and that it exists is no secret."""

    status = 403
    kind = "forbidden"
    title = "You may not do this"


class NotFoundError(ProblemError):
    """There is no such thing, or the caller may not know of it: the two are the same bytes."""

    status = 404
    kind = "not-found"
    title = "There is nothing here"


class ConflictError(ProblemError):
    """The thing is in a state that does not allow this. Rooms name their own conflicts by subclassing."""

    status = 409
    kind = "conflict"
    title = "This can't be done now"


class StaleError(ProblemError):
    """The caller edited an older version (If-Match does not match the ETag)."""

    status = 412
    kind = "stale-version"
    title = "This was changed in the meantime"


class PreconditionRequiredError(ProblemError):
    """A change of an existing thing must say which version it changes."""

    status = 428
    kind = "version-required"
    title = "Send the version you edit in If-Match"


class TooLargeError(ProblemError):
    """The body, list or file is over its stated limit."""

    status = 413
    kind = "too-large"
    title = "This is larger than allowed"


class UnsupportedMediaError(ProblemError):
    """The content type or file type is not accepted here."""

    status = 415
    kind = "unsupported-media-type"
    title = "This type of content is not accepted"


class TooManyRequestsError(ProblemError):
    """The caller is over a rate limit; ``Retry-After`` says in how many seconds it may try again."""

    status = 429
    kind = "too-many-requests"
    title = "Too many requests"


class UnavailableError(ProblemError):
    """A part that this needs does not answer; safe to try again."""

    status = 503
    kind = "unavailable"
    title = "Not available for the moment"
