"""Sealing: what is stored so that it can be read back only with the installation's secret, or only after an opening."""

import hashlib
import os

from nacl.bindings import crypto_secretbox_easy, crypto_secretbox_NONCEBYTES
from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey, SealedBox
from nacl.secret import SecretBox

from marketplace.kernel.config import Settings


class SealBrokenError(Exception):
    """The sealed bytes were made with another secret, or changed."""


class Sealer:
    """Seals bytes with the installation's secret (XSalsa20-Poly1305) for one ``purpose``; other purposes can't open."""

    def __init__(self, settings: Settings, purpose: str) -> None:
        secret = settings.secret.get_secret_value().encode()
        key = hashlib.blake2b(secret, digest_size=SecretBox.KEY_SIZE, person=purpose.encode()[:16]).digest()
        self._key, self._box = key, SecretBox(key)
        self._marking = hashlib.blake2b(secret, digest_size=32, salt=purpose.encode()[:16], person=b"marks").digest()

    def seal(self, plain: bytes) -> bytes:
        """Return ``plain`` sealed, with a fresh nonce."""
        nonce = os.urandom(crypto_secretbox_NONCEBYTES)
        return nonce + crypto_secretbox_easy(plain, nonce, self._key)  # as SecretBox.encrypt, at half its cost

    def open(self, sealed: bytes) -> bytes:
        """Return what was sealed. Raises SealBrokenError."""
        try:
            return self._box.decrypt(sealed)
        except CryptoError as error:
            raise SealBrokenError("this was sealed with another MARKETPLACE_SECRET, or changed") from error

    def mark(self, data: bytes) -> str:
        """Return a fingerprint of ``data`` that can't be found again by trying contents without the secret."""
        return hashlib.blake2b(data, digest_size=32, key=self._marking).hexdigest()


def new_key_pair() -> tuple[bytes, bytes]:
    """Return a fresh (public, private) pair: who holds the public key can seal, and can't read what it sealed."""
    private = PrivateKey.generate()
    return bytes(private.public_key), bytes(private)


def seal_to(public_key: bytes, plain: bytes) -> bytes:
    """Return ``plain`` sealed so that only the private key opens it (X25519 sealed box)."""
    return bytes(SealedBox(PublicKey(public_key)).encrypt(plain))


def open_sealed(private_key: bytes, sealed: bytes) -> bytes:
    """Return what ``seal_to`` sealed. Raises SealBrokenError."""
    try:
        return SealedBox(PrivateKey(private_key)).decrypt(sealed)
    except CryptoError as error:
        raise SealBrokenError("this was sealed to another key, or changed") from error
