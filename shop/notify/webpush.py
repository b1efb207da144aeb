"""Web push messages: encrypted for one browser, signed for its push service.

Source: RFC 8291 (encryption, one `aes128gcm` record of RFC 8188) and RFC 8292 (VAPID).
"""

from __future__ import annotations

import base64
import json
import os
import time
from functools import lru_cache
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

RECORD = 4096
_SERVICES = frozenset({"fcm.googleapis.com"})
_SERVICE_FAMILIES = (".push.services.mozilla.com", ".push.apple.com", ".notify.windows.com")
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256


def encrypt(
    text: bytes, p256dh: str, auth: str, *, salt: bytes = b"", ours: ec.EllipticCurvePrivateKey | None = None
) -> bytes:
    """The body of a push message for the browser with these keys (base64url, as its subscription gives them).

    `salt` and `ours` are fresh for every message; tests fix them to compare with the RFC's example.
    """
    theirs = _unpack(p256dh)
    salt = salt or os.urandom(16)
    ours = ours or ec.generate_private_key(ec.SECP256R1())
    shared = ours.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), theirs))
    our_point = _point(ours)
    secret = _derive(shared, _unpack(auth), b"WebPush: info\x00" + theirs + our_point, 32)
    key = _derive(secret, salt, b"Content-Encoding: aes128gcm\x00", 16)
    nonce = _derive(secret, salt, b"Content-Encoding: nonce\x00", 12)
    header = salt + RECORD.to_bytes(4, "big") + len(our_point).to_bytes(1, "big") + our_point
    return header + AESGCM(key).encrypt(nonce, text + b"\x02", None)


def vapid_key(secret_key: str) -> ec.EllipticCurvePrivateKey:
    """The market's own signing key, derived from its secret, so that there is no second secret to keep."""
    seed = _derive(secret_key.encode(), b"", b"chohtx vapid", 40)
    return ec.derive_private_key(int.from_bytes(seed, "big") % (_ORDER - 1) + 1, ec.SECP256R1())


def is_push_service(endpoint: str) -> bool:
    """Whether a subscription leads to a push service we know: only these are ever called from our network."""
    try:
        parts = urlsplit(endpoint)
        port = parts.port
    except ValueError:
        return False
    host = parts.hostname or ""
    known = host in _SERVICES or host.endswith(_SERVICE_FAMILIES)
    return parts.scheme == "https" and known and port in (None, 443) and not parts.username and not parts.password


def are_keys(p256dh: str, auth: str) -> bool:
    """Whether these are a browser's keys: an uncompressed point of P-256 and 16 bytes. Source: RFC 8291, 3.2."""
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), _unpack(p256dh))
        return len(_unpack(auth)) == 16
    except ValueError:
        return False


@lru_cache(maxsize=4)
def vapid_public(secret_key: str) -> str:
    """What a browser needs to subscribe (`applicationServerKey`)."""
    return _pack(_point(vapid_key(secret_key)))


def vapid_header(secret_key: str, audience: str, contact: str, now_s: float | None = None) -> str:
    """The Authorization header that tells a push service who sends."""
    claims = {"aud": audience, "exp": int(now_s or time.time()) + 12 * 3600, "sub": f"mailto:{contact}"}
    head = {"typ": "JWT", "alg": "ES256"}
    signed = ".".join(_pack(json.dumps(part, separators=(",", ":")).encode()) for part in (head, claims))
    r, s = decode_dss_signature(vapid_key(secret_key).sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
    signature = _pack(r.to_bytes(32, "big") + s.to_bytes(32, "big"))
    return f"vapid t={signed}.{signature}, k={vapid_public(secret_key)}"


def _derive(secret: bytes, salt: bytes, purpose: bytes, length: int) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=salt or None, info=purpose).derive(secret)


def _point(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _pack(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _unpack(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
