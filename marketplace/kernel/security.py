"""Passwords and signed tokens: the only module that imports passlib and jose, with their open doors shut."""

import base64
import hashlib
import json
import os
import secrets
import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from jose import jws, jwt
from jose.exceptions import JOSEError
from passlib.context import CryptContext

from marketplace.kernel.clock import machine_now

ALGORITHM = "ES256"
"""The one algorithm. It is taken from here, never from a token's header."""

LONGEST_TOKEN_BYTES = 4096
_REQUIRED_CLAIMS = ("exp", "iat", "sub", "aud", "iss", "jti")
_OPTIONS = {f"require_{claim}": True for claim in _REQUIRED_CLAIMS} | {"leeway": 0}

_passwords = CryptContext(
    schemes=["argon2"], argon2__type="ID", argon2__memory_cost=19_456, argon2__time_cost=2, argon2__parallelism=1
)
# a hash takes 19 MiB and some 30 ms of a core: more at once than cores would stall everything else
_hashing = threading.BoundedSemaphore(os.cpu_count() or 1)
LONGEST_PASSWORD = 256


class InvalidTokenError(Exception):
    """The token is not one of ours, not for this use, or expired. The message is for logs, not for callers."""


def hash_password(password: str) -> str:
    """Return the argon2id hash of ``password`` (19 MiB, t=2, p=1: OWASP's password storage cheat sheet)."""
    with _hashing:
        hashed: str = _passwords.hash(password)
    return hashed


def password_matches(password: str, hashed: str) -> bool:
    """Tell whether ``password`` is the hashed one; costs the same whether it is or not."""
    if len(password) > LONGEST_PASSWORD:
        return False
    with _hashing:
        return bool(_passwords.verify(password, hashed))


_DECOY = ""


def burn_time(password: str) -> None:
    """Cost as much as ``password_matches``: for accounts that don't exist, so that time doesn't tell."""
    global _DECOY  # noqa: PLW0603 - made at the first use; hashing at import would slow every command
    if not _DECOY:
        _DECOY = hash_password(secrets.token_urlsafe())
    password_matches(password, _DECOY)


def new_secret(length: int = 32) -> str:
    """Return a URL-safe secret of ``length`` random bytes."""
    return secrets.token_urlsafe(length)


def new_initial_password() -> str:
    """Return a password that is easily typed and not guessed: four groups of five letters and digits (100 bits)."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(5)) for _ in range(4))


def fingerprint(secret: str) -> str:
    """Return the SHA-256 of a high-entropy secret (refresh token, API key): what is stored instead of it."""
    return hashlib.sha256(secret.encode()).hexdigest()


_ES256 = ec.ECDSA(hashes.SHA256())
_COORDINATE = 32
"""Bytes of each half of a signature on P-256."""


def _base64url(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


class Keyring:
    """The installation's signing keys (P-256). The newest signs; each verifies what names it by its key id."""

    def __init__(self, pems: dict[str, bytes], issuer: str) -> None:
        if not pems:
            raise ValueError("a keyring needs a key")
        self._issuer = issuer
        self._private: dict[str, str] = {}
        self._public: dict[str, str] = {}
        self._keys: dict[str, ec.EllipticCurvePrivateKey] = {}
        for kid, pem in pems.items():
            key = serialization.load_pem_private_key(pem, password=None)
            if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
                raise ValueError(f"key {kid} is not an EC key on P-256")  # noqa: TRY004 - the file's content is wrong
            self._private[kid] = pem.decode()
            self._public[kid] = (
                key.public_key()
                .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
                .decode()
            )
            self._keys[kid] = key
        self._signing = max(self._private)
        self._headers: dict[str, bytes] = {}

    @property
    def public_keys(self) -> dict[str, str]:
        """The public keys as PEM, by key id: all that a verifier needs."""
        return dict(self._public)

    def issue(self, use: str, subject: str, claims: dict[str, Any], seconds: int) -> tuple[str, datetime]:
        """Return a signed token of type ``use`` for ``subject``, and when it expires."""
        now = machine_now()
        expires = now + timedelta(seconds=seconds)
        payload = claims | {
            "sub": subject,
            "iss": self._issuer,
            "aud": f"{self._issuer}:{use}",
            "iat": int(now.timestamp()),
            "exp": int(expires.timestamp()),
            "jti": new_secret(12),
        }
        token: str = jwt.encode(
            payload,
            self._private[self._signing],
            algorithm=ALGORITHM,
            headers={"kid": self._signing, "typ": f"{use}+jwt"},
        )
        return token, expires

    def read(self, use: str, token: str) -> dict[str, Any]:
        """Return the claims of a token that ``issue`` made for ``use``. Raises InvalidTokenError."""
        key = self._key_for(token, f"{use}+jwt")
        try:
            return jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                audience=f"{self._issuer}:{use}",
                issuer=self._issuer,
                options=_OPTIONS,
            )
        except JOSEError as error:
            raise InvalidTokenError(str(error)) from error

    def sign(self, use: str, document: bytes) -> str:
        """Return a compact JWS (RFC 7515) over ``document``, such as a bid's receipt: no expiry, verifiable offline."""
        header = self._headers.get(use)
        if header is None:
            fields = {"alg": ALGORITHM, "kid": self._signing, "typ": use}
            header = self._headers[use] = _base64url(json.dumps(fields, separators=(",", ":")).encode())
        signing_input = header + b"." + _base64url(document)
        # the library would load the key and look for a curve at every signature: three times the cost
        r, s = decode_dss_signature(self._keys[self._signing].sign(signing_input, _ES256))
        signature = r.to_bytes(_COORDINATE) + s.to_bytes(_COORDINATE)  # RFC 7518, section 3.4
        return (signing_input + b"." + _base64url(signature)).decode()

    def verified(self, use: str, signed: str) -> bytes:
        """Return the document inside a JWS made by ``sign``. Raises InvalidTokenError."""
        return verified(self._public, use, signed)

    def _key_for(self, token: str, typ: str) -> str:
        return _key_for(self._public, token, typ)


def verified(public_keys: Mapping[str, str], use: str, signed: str) -> bytes:
    """Return the document inside a JWS that a keyring with these public keys (PEM, by key id) signed for ``use``.

    Raises InvalidTokenError, also for a JWS that is not written in its one form: nothing in it can be changed.
    """
    key = _key_for(public_keys, signed, use)
    parts = signed.split(".")
    if len(parts) != _JWS_PARTS or any(_base64url(_decoded(part)).decode() != part for part in parts):
        raise InvalidTokenError("not in the form that we write")
    try:
        document: bytes = jws.verify(signed, key, algorithms=[ALGORITHM])
    except JOSEError as error:
        raise InvalidTokenError(str(error)) from error
    return document


_JWS_PARTS = 3


def _decoded(part: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError as error:
        raise InvalidTokenError("not a token") from error


def _key_for(public_keys: Mapping[str, str], token: str, typ: str) -> str:
    """Return the public key that the header names by id; everything else in the header must be as we write it."""
    if len(token) > LONGEST_TOKEN_BYTES:
        raise InvalidTokenError("larger than any token of ours")
    try:
        encoded = token.split(".", 1)[0]
        header = json.loads(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    except (ValueError, RecursionError) as error:  # a header of thousands of brackets nests too deep
        raise InvalidTokenError("not a token") from error
    if not isinstance(header, dict) or set(header) != {"alg", "kid", "typ"}:
        raise InvalidTokenError("a header that we don't write")
    if header["alg"] != ALGORITHM or header["typ"] != typ:
        raise InvalidTokenError("another algorithm or use")
    kid = header["kid"]
    if not isinstance(kid, str) or kid not in public_keys:
        raise InvalidTokenError("an unknown key")
    return public_keys[kid]


def load_keyring(folder: Path, issuer: str) -> Keyring:
    """Return the keyring of the PEM files in ``folder`` (file name = key id); make a first key where there is none."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    files = sorted(folder.glob("*.pem"))
    if not files:
        files = [_make_key(folder)]
    return Keyring({file.stem: file.read_bytes() for file in files}, issuer)


def _make_key(folder: Path) -> Path:
    """Write a fresh private key, readable by this user alone, and return its file."""
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = folder / f"key-{machine_now():%Y%m%d%H%M%S}.pem"
    draft = file.with_suffix(f".{os.getpid()}.part")
    draft.touch(mode=0o600)
    draft.write_bytes(pem)
    draft.rename(file)
    return file
