import base64
import hashlib
import hmac
import json
import time
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from jose import jwt

from marketplace.kernel import security
from marketplace.kernel.security import InvalidTokenError, Keyring

KID = "key-1"


def _pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


PEM = _pem(ec.generate_private_key(ec.SECP256R1()))
OTHER_PEM = _pem(ec.generate_private_key(ec.SECP256R1()))


@pytest.fixture
def keyring() -> Keyring:
    return Keyring({KID: PEM}, "tenderline")


def _claims(**changes: str | int | None) -> dict[str, Any]:
    now = int(time.time())
    claims: dict[str, Any] = {
        "sub": "usr_a",
        "iss": "tenderline",
        "aud": "tenderline:access",
        "iat": now,
        "exp": now + 600,
        "jti": "1",
    } | changes
    return {name: value for name, value in claims.items() if value is not None}


def _header(**changes: object) -> dict[str, Any]:
    return {"alg": "ES256", "kid": KID, "typ": "access+jwt"} | changes


def _part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def _signed(claims: dict[str, Any], header: dict[str, Any], pem: bytes = PEM) -> str:
    """Sign as an attacker who may write any header could, with whatever key it has."""
    key = serialization.load_pem_private_key(pem, password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    signing_input = f"{_part(header)}.{_part(claims)}"
    r, s = decode_dss_signature(key.sign(signing_input.encode(), ec.ECDSA(hashes.SHA256())))
    signature = base64.urlsafe_b64encode(r.to_bytes(32) + s.to_bytes(32)).decode().rstrip("=")
    return f"{signing_input}.{signature}"


def test_a_token_of_ours_is_read_back_for_its_own_use_only(keyring: Keyring) -> None:
    token, _ = keyring.issue("access", "usr_a", {"session": "ses_1"}, 60)
    assert keyring.read("access", token)["sub"] == "usr_a"
    with pytest.raises(InvalidTokenError):
        keyring.read("download", token)


def test_the_forging_of_these_tests_would_pass_were_it_not_for_the_attack(keyring: Keyring) -> None:
    assert keyring.read("access", _signed(_claims(), _header()))["jti"] == "1"


@pytest.mark.parametrize("alg", ["none", "None", "NONE", ""])
def test_an_unsigned_token_is_refused(keyring: Keyring, alg: str) -> None:
    with pytest.raises(InvalidTokenError):
        keyring.read("access", f"{_part(_header(alg=alg))}.{_part(_claims())}.")


@pytest.mark.parametrize("alg", ["HS256", "ES256"])
@pytest.mark.parametrize("encoding", ["pem", "der"])
def test_the_public_key_is_no_shared_secret(keyring: Keyring, encoding: str, alg: str) -> None:
    public = keyring.public_keys[KID].encode()
    if encoding == "der":
        public = serialization.load_pem_public_key(public).public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    signing_input = f"{_part(_header(alg=alg))}.{_part(_claims())}"
    mac = hmac.new(public, signing_input.encode(), hashlib.sha256).digest()
    with pytest.raises(InvalidTokenError):
        keyring.read("access", f"{signing_input}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}")


@pytest.mark.parametrize("claim", ["exp", "iat", "sub", "aud", "iss", "jti"])
def test_every_required_claim_is_required(keyring: Keyring, claim: str) -> None:
    with pytest.raises(InvalidTokenError):
        keyring.read("access", _signed(_claims(**{claim: None}), _header()))


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "tenderline:download"},
        {"aud": "other:access"},
        {"iss": "other"},
        {"exp": int(time.time()) - 1},
        {"exp": "tomorrow"},
        {"nbf": int(time.time()) + 86_400},
        {"sub": 5},
    ],
    ids=["other use", "other issuer's", "other issuer", "expired", "no time", "not yet", "no subject"],
)
def test_claims_that_are_not_for_here_and_now_are_refused(keyring: Keyring, changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidTokenError):
        keyring.read("access", _signed(_claims(**changes), _header()))


@pytest.mark.parametrize(
    "changes",
    [
        {"typ": "JWT"},
        {"typ": "download+jwt"},
        {"crit": ["exp"], "exp": 1},
        {"crit": ["unknown"]},
        {"jku": "https://attacker.example/keys"},
        {"jwk": {"kty": "oct", "k": "c2VjcmV0"}},
        {"x5u": "https://attacker.example/certificate"},
        {"kid": "../../dev/null"},
        {"kid": "key-1' OR '1'='1"},
        {"kid": ["key-1"]},
        {"kid": None},
        {"kid": ""},
        {"alg": "ES384"},
        {"alg": ["ES256"]},
    ],
    ids=str,
)
def test_a_header_that_we_do_not_write_is_refused(keyring: Keyring, changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidTokenError):
        keyring.read("access", _signed(_claims(), _header(**changes)))


@pytest.mark.parametrize("missing", ["alg", "kid", "typ"])
def test_a_header_must_be_complete(keyring: Keyring, missing: str) -> None:
    header = {name: value for name, value in _header().items() if name != missing}
    with pytest.raises(InvalidTokenError):
        keyring.read("access", _signed(_claims(), header))


def test_a_token_signed_with_another_key_is_refused(keyring: Keyring) -> None:
    with pytest.raises(InvalidTokenError):
        keyring.read("access", _signed(_claims(), _header(), OTHER_PEM))


def test_a_token_over_4_kb_is_refused_although_its_signature_is_right(keyring: Keyring) -> None:
    with pytest.raises(InvalidTokenError, match="larger"):
        keyring.read("access", _signed(_claims(padding="x" * 4096), _header()))


def test_a_changed_claim_breaks_the_signature(keyring: Keyring) -> None:
    header, _, signature = keyring.issue("access", "usr_a", {}, 60)[0].split(".")
    with pytest.raises(InvalidTokenError):
        keyring.read("access", f"{header}.{_part(_claims(sub='usr_b'))}.{signature}")


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "..",
        "a.b.c",
        "é.é.é",
        "e30.e30.e30",
        "bnVsbA.bnVsbA.",
        "[" * 4000,
        base64.urlsafe_b64encode(b"[" * 3000).decode() + "..",
    ],
    ids=lambda token: token[:15],
)
def test_what_is_no_token_is_refused_as_one(keyring: Keyring, token: str) -> None:
    with pytest.raises(InvalidTokenError):
        keyring.read("access", token)


def test_a_receipt_and_an_access_token_are_not_each_other(keyring: Keyring) -> None:
    receipt = keyring.sign("receipt", b'{"bid": 1}')
    assert keyring.verified("receipt", receipt) == b'{"bid": 1}'
    with pytest.raises(InvalidTokenError):
        keyring.verified("access+jwt", receipt)
    with pytest.raises(InvalidTokenError):
        keyring.read("receipt", receipt)
    head, _, signature = receipt.split(".")
    with pytest.raises(InvalidTokenError):
        keyring.verified("receipt", f"{head}.{_part({'bid': 2})}.{signature}")


def test_after_a_rotation_the_newest_key_signs_and_the_older_still_verifies(keyring: Keyring) -> None:
    old, _ = keyring.issue("access", "usr_a", {}, 60)
    rotated = Keyring({KID: PEM, "key-2": OTHER_PEM}, "tenderline")
    new, _ = rotated.issue("access", "usr_a", {}, 60)
    assert jwt.get_unverified_header(new)["kid"] == "key-2"
    assert rotated.read("access", old)["sub"] == rotated.read("access", new)["sub"] == "usr_a"
    with pytest.raises(InvalidTokenError):
        keyring.read("access", new)


@pytest.mark.parametrize(
    "pem",
    [_pem(ec.generate_private_key(ec.SECP384R1())), _pem(rsa.generate_private_key(65537, 2048)), b"no key"],
    ids=["P-384", "RSA", "garbage"],
)
def test_a_keyring_takes_p_256_keys_only(pem: bytes) -> None:
    with pytest.raises(ValueError, match=r"P-256|PEM"):
        Keyring({KID: pem}, "tenderline")


def test_a_keyring_without_keys_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a key"):
        Keyring({}, "tenderline")


def test_a_first_key_is_made_once_and_is_for_this_user_only(tmp_path: Path) -> None:
    first = security.load_keyring(tmp_path / "keys", "tenderline")
    again = security.load_keyring(tmp_path / "keys", "tenderline")
    assert first.public_keys == again.public_keys
    (file,) = (tmp_path / "keys").iterdir()
    assert file.stat().st_mode & 0o077 == 0
    assert file.parent.stat().st_mode & 0o077 == 0


def test_a_password_is_stored_as_argon2id_with_the_stated_costs() -> None:
    hashed = security.hash_password("violet harbour")
    assert hashed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert hashed != security.hash_password("violet harbour")


def test_only_the_password_itself_matches() -> None:
    hashed = security.hash_password("violet harbour é")
    assert security.password_matches("violet harbour é", hashed)
    for wrong in ("", "violet harbour", "Violet harbour é", "violet harbour é\0", "violet harbour é" * 20):
        assert not security.password_matches(wrong, hashed)


def test_a_password_for_nobody_costs_as_much_as_one_for_somebody() -> None:
    hashed = security.hash_password("violet harbour")
    security.burn_time("first use makes the decoy")

    def cost(attempt: int) -> tuple[float, float]:
        start = time.thread_time()
        security.password_matches(f"wrong {attempt}", hashed)
        middle = time.thread_time()
        security.burn_time(f"wrong {attempt}")
        return middle - start, time.thread_time() - middle

    somebody, nobody = (min(costs) for costs in zip(*(cost(attempt) for attempt in range(5)), strict=True))
    assert 0.5 < nobody / somebody < 2


def test_initial_passwords_differ_and_are_easily_typed() -> None:
    passwords = {security.new_initial_password() for _ in range(100)}
    assert len(passwords) == 100
    assert all(len(password) == 23 and not set(password) & set("il1o0") for password in passwords)
