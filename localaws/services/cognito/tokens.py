"""RS256 tokens, as Cognito signs them: https://docs.aws.amazon.com/cognito/latest/developerguide/
amazon-cognito-user-pools-using-tokens-with-identity-providers.html"""

import base64
import hashlib
import json
import threading
import time
import uuid

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from localaws.api import Identity
from localaws.store import Store


class Tokens:
    """Signs claims and reads them back. The key is made when it is first needed, and kept."""

    def __init__(self, store: Store, identity: Identity):
        self.store = store
        self.identity = identity
        self._key: rsa.RSAPrivateKey | None = None
        self._making = threading.Lock()

    def issuer(self, pool: str) -> str:
        return f"https://cognito-idp.{self.identity.region}.amazonaws.com/{pool}"

    def sign(self, seconds: int, **claims) -> str:
        now = int(time.time())
        claims = {"iat": now, "exp": now + seconds, "jti": str(uuid.uuid4())} | claims
        header = {"kid": self._key_id(), "alg": "RS256"}
        text = f"{_encode(json.dumps(header).encode())}.{_encode(json.dumps(claims).encode())}"
        signature = self._private_key().sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{text}.{_encode(signature)}"

    def read(self, token: str, **expected) -> dict | None:
        """The claims, or None where the signature, the age or an expected claim is not right."""
        text, _, signature = token.rpartition(".")
        try:
            public = self._private_key().public_key()
            public.verify(_decode(signature), text.encode(), padding.PKCS1v15(), hashes.SHA256())
            claims = json.loads(_decode(text.rpartition(".")[2]))
        except (InvalidSignature, ValueError):
            return None
        right = all(claims.get(name) == value for name, value in expected.items())
        return claims if right and claims["exp"] > time.time() else None

    def json_web_keys(self) -> dict:
        numbers = self._private_key().public_key().public_numbers()
        size = (numbers.n.bit_length() + 7) // 8
        return {
            "keys": [
                {
                    "kty": "RSA",
                    "alg": "RS256",
                    "use": "sig",
                    "kid": self._key_id(),
                    "n": _encode(numbers.n.to_bytes(size, "big")),
                    "e": _encode(numbers.e.to_bytes(3, "big")),
                }
            ]
        }

    def _private_key(self) -> rsa.RSAPrivateKey:
        with self._making:
            if self._key is None:
                kept = self.store.find("signing-key", "cognito")
                if kept is None:
                    kept = {"pem": _make_key()}
                    self.store.add("signing-key", "cognito", kept)
                self._key = serialization.load_pem_private_key(kept["pem"].encode(), None)
            return self._key

    def _key_id(self) -> str:
        public = self._private_key().public_key()
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return _encode(hashlib.sha256(public.public_bytes(serialization.Encoding.DER, form)).digest())


def _make_key() -> str:
    return (
        rsa.generate_private_key(65537, 2048)
        .private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        .decode()
    )


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
