"""The replay's own platform admin: made through the operator's shell, kept in a file only its owner can read."""

import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import pyotp

from marketplace.identity import service as identity
from marketplace.kernel.work import Workshop
from marketplace.players.api import Api, ApiError
from marketplace.players.people import Admin, password_of

_ONLY_OWNER = 0o600
_MOST_ADMINS = 100
_CODE_TRIES = 4
_CODE_PAUSE_SECONDS = 12.0
"""A code of the second factor is good for 30 seconds and works once."""
_NAME = "Replay of published purchases"


@dataclass(frozen=True, slots=True)
class Credentials:
    """What opens the admin's account. ``api_key`` is all that is needed once there is one."""

    email: str
    initial_password: str = ""
    factor: str = ""
    api_key: str = ""


def state_file(folder: Path, run: str) -> Path:
    """Return where the credentials of a run's admin are kept."""
    return folder / "replay" / f"{run}.json"


def admin_of(workshop: Workshop, api: Api, file: Path, run: str) -> Admin:
    """Return the signed-in admin of a run; the first time, and after a lost file, a new one is made.

    Every secret is in the file before the marketplace puts it to use: a replay that is killed can always go on.
    """
    credentials = _credentials(workshop, file, run)
    admin = Admin(api, run, credentials.email, credentials.factor)
    if not credentials.api_key:
        credentials = _opened(admin, credentials, file)
    api.headers["Authorization"] = f"Bearer {credentials.api_key}"
    return admin


def _credentials(workshop: Workshop, file: Path, run: str) -> Credentials:
    """Return what the file holds if the database knows that admin; otherwise make one and write it down."""
    kept = _read(file)
    numbered = (f"admin-{number}@{run}.replay.example" for number in range(1, _MOST_ADMINS))
    for email in [kept.email] if kept else numbered:
        with workshop.work() as work:
            new = identity.ensure_platform_admin(work, email, _NAME)
            if new is not None:
                kept = Credentials(email, new.initial_password)
                _write(file, kept)  # before the commit: a password that nobody knows opens nothing
        if kept is not None:
            return kept
    raise RuntimeError(f"{file} was lost too often")


def _opened(admin: Admin, credentials: Credentials, file: Path) -> Credentials:
    """Set the password and the second factor up and make an API key; go on where an earlier run broke off."""
    if credentials.factor:
        _enter(admin)
    else:
        super(Admin, admin).sign_in(credentials.initial_password)
    if admin.api.get("/me")["limited"]:
        answer = admin.api.call("POST", "/me/second-factor", {"password": password_of(admin.seed, admin.email)})
        credentials = replace(credentials, factor=answer["secret"])
        _write(file, credentials)
        admin.factor = credentials.factor
        code = pyotp.TOTP(admin.factor).at(admin.api.pace.now())
        admin.api.call("POST", "/me/second-factor/confirm", {"code": code}, key=admin.key("factor", admin.factor))
    answer = admin.api.post(
        "/me/api-keys", {"name": "replay", "scopes": ["read", "administration"]}, key=admin.key("key")
    )
    credentials = replace(credentials, api_key=answer["secret"])
    _write(file, credentials)
    return credentials


def _enter(admin: Admin) -> None:
    """Sign in with a code; a code that was used a moment ago is not taken again, so wait for the next."""
    for left in reversed(range(_CODE_TRIES)):
        try:
            admin.enter(password_of(admin.seed, admin.email))
        except ApiError:
            if not left:
                raise
            admin.api.pace.rest(_CODE_PAUSE_SECONDS)
        else:
            return


def _read(file: Path) -> Credentials | None:
    with suppress(FileNotFoundError):
        return Credentials(**json.loads(file.read_text(encoding="utf-8")))
    return None


def _write(file: Path, credentials: Credentials) -> None:
    """Replace the file as a whole, so that a kill leaves the old or the new one."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = file.with_suffix(".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _ONLY_OWNER)
    with os.fdopen(descriptor, "w", encoding="utf-8") as text:
        json.dump(asdict(credentials), text)
    fresh.replace(file)
