"""The refusals that accounts can answer, beyond those of the kernel."""

from marketplace.kernel.errors import ConflictError, UnauthenticatedError


class WrongCredentialsError(UnauthenticatedError):
    """E-mail and password don't belong to an active account: the answer is the same whichever is wrong."""

    kind = "wrong-credentials"
    title = "E-mail or password is wrong"


class AccountSuspendedError(WrongCredentialsError):
    """The password was right, but the platform keeps the account out; told only to one who knows it."""

    kind = "account-suspended"
    title = "This account is suspended"


class InitialPasswordExpiredError(UnauthenticatedError):
    """The initial password was right but seven days are over; told only to one who knows it."""

    kind = "initial-password-expired"
    title = "The initial password has expired: ask your organization's admin for a new one"


class SecondFactorCodeError(UnauthenticatedError):
    """The password was right; the code of the second factor is missing, wrong or used before."""

    kind = "second-factor-code"
    title = "Send a fresh code of your second factor, or a recovery code, as 'code'"


class RefreshTokenError(UnauthenticatedError):
    """The refresh token is unknown, used or expired, or its session ended."""

    kind = "refresh-token"
    title = "This session is over: sign in again"


class EmailTakenError(ConflictError):
    """Another account has this e-mail address.

    As registration answers with the account's initial password, a stranger who tries to register an address
    inevitably learns whether it is taken, and nothing else: not by whom, nor in which kind of organization.
    """

    kind = "email-taken"
    title = "There is an account with this e-mail address already"


class LastAdminError(ConflictError):
    """An organization without an admin could never get one again."""

    kind = "last-admin"
    title = "This is the organization's last admin"


class NoPendingFactorError(ConflictError):
    """There is no second factor that waits for its first code."""

    kind = "no-pending-second-factor"
    title = "Start a second factor first (POST /me/second-factor)"


class TooManyKeysError(ConflictError):
    """The user has as many API keys as it may have."""

    kind = "too-many-api-keys"
    title = "Revoke an API key first"
