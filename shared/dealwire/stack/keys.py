"""Tokens for the embedded stack, signed with a key pair of its own. In production an identity provider does this."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

ISSUER = "dealwire-embedded"
AUDIENCE = "dealwire"


class Keys:
    """An Ed25519 key pair in a folder: the private half signs here, the public half is all that services read."""

    def __init__(self, folder: Path) -> None:
        self.public_key_file = folder / "jwt-public.pem"
        self._private_key_file = folder / "jwt-private.pem"

    @classmethod
    def of(cls, folder: Path) -> Self:
        """The pair in the folder, made when there is none."""
        keys = cls(folder)
        if not keys._private_key_file.exists():
            keys._generate()
        return keys

    def mint(
        self, subject: str, roles: Iterable[str] = (), scopes: Iterable[str] = (), ttl: timedelta = timedelta(hours=12)
    ) -> str:
        """A bearer token that says who somebody is and what they may do, for as long as `ttl`."""
        now = datetime.now(UTC)
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": subject,
            "roles": list(roles),
            "scope": " ".join(scopes),
            "iat": now,
            "exp": now + ttl,
            "jti": str(uuid.uuid4()),
        }
        return jwt.encode(claims, self._private_key_file.read_text(), algorithm="EdDSA")

    def _generate(self) -> None:
        self.public_key_file.parent.mkdir(parents=True, exist_ok=True)
        key = Ed25519PrivateKey.generate()
        self.public_key_file.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
        descriptor = os.open(self._private_key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
