"""Bearer tokens: signed by an identity provider, verified here against its public key or its key set (JWKS)."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from jwt.exceptions import PyJWKClientConnectionError, PyJWKClientError, PyJWKSetError, PyJWTError

from dealwire.errors import Unauthenticated, Unavailable

PublicKey = Ed25519PublicKey | EllipticCurvePublicKey | RSAPublicKey

_ALGORITHMS = ("EdDSA", "ES256", "RS256")
_LEAST_RSA_BITS = 2048
_LEEWAY_SECONDS = 5
_MOST_REMEMBERED = 10_000
_KEY_SET_TIMEOUT_SECONDS = 5
_SUBJECT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@-]{0,99}")  # what may stand as an actor in an event


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a token says its bearer is, until when (seconds since 1970)."""

    id: str
    roles: frozenset[str]
    scopes: frozenset[str]
    expires: float


def read_public_key(pem: str) -> tuple[PublicKey, str]:
    """A key with the only algorithm it is used for, so that a token cannot choose one. Raises ValueError."""
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("this is no public key in PEM format") from None
    if isinstance(key, Ed25519PublicKey):
        return key, "EdDSA"
    if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1):
        return key, "ES256"
    if isinstance(key, RSAPublicKey) and key.key_size >= _LEAST_RSA_BITS:
        return key, "RS256"
    raise ValueError(f"the key must be Ed25519, P-256, or RSA of at least {_LEAST_RSA_BITS} bits")


class Verifier:
    """Verifies tokens; remembers those that held until they expire, since verifying costs more than a request."""

    def __init__(
        self,
        *,
        public_key: str = "",
        jwks_url: str | None = None,
        issuer: str | None = None,
        audience: str | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._key = read_public_key(public_key) if public_key else None
        self._key_set = jwt.PyJWKClient(jwks_url, timeout=_KEY_SET_TIMEOUT_SECONDS) if jwks_url else None
        self._issuer = issuer
        self._audience = audience
        self._clock = clock
        self._known: dict[str, Identity] = {}

    async def identify(self, token: str) -> Identity:
        """Raises Unauthenticated for a token that does not hold, Unavailable when its key cannot be fetched."""
        identity = self._known.get(token)
        if identity is not None and self._clock() < identity.expires:
            return identity
        self._known.pop(token, None)
        try:
            key, algorithm = self._key or await self._fetch_key(token)
            identity = self._read(token, key, algorithm)
        except PyJWTError as error:
            raise Unauthenticated("bad-token", f"The token does not hold: {error}.") from error
        if len(self._known) >= _MOST_REMEMBERED:
            del self._known[next(iter(self._known))]
        self._known[token] = identity
        return identity

    async def _fetch_key(self, token: str) -> tuple[Any, str]:
        if self._key_set is None:
            raise Unavailable("no-key", "This service has no key to verify tokens with.")
        header = jwt.get_unverified_header(token)
        try:
            key = await asyncio.to_thread(self._key_set.get_signing_key, header.get("kid", ""))
        except (PyJWKClientConnectionError, PyJWKSetError, ValueError) as error:
            raise Unavailable("identity-provider-away", "The keys to verify tokens with cannot be fetched.") from error
        if key.algorithm_name not in _ALGORITHMS:
            raise PyJWKClientError(f"{key.algorithm_name} is not accepted")
        return key.key, key.algorithm_name

    def _read(self, token: str, key: Any, algorithm: str) -> Identity:
        claims = jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            issuer=self._issuer,
            audience=self._audience,
            leeway=_LEEWAY_SECONDS,
            options={"require": ["exp", "sub"], "verify_aud": self._audience is not None},
        )
        roles, scope = claims.get("roles", []), claims.get("scope", "")
        if not _SUBJECT.fullmatch(claims["sub"]):
            raise jwt.InvalidTokenError("its subject is not of the form of an id")
        if (
            not isinstance(scope, str)
            or not isinstance(roles, list)
            or not all(isinstance(role, str) for role in roles)
        ):
            raise jwt.InvalidTokenError("`roles` must be a list of names, `scope` names separated by spaces")
        return Identity(
            claims["sub"], frozenset(roles), frozenset(scope.split()), float(claims["exp"]) + _LEEWAY_SECONDS
        )
