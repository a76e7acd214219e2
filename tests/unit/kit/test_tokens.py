from __future__ import annotations

import hmac
import http.server
import json
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from jwt.algorithms import OKPAlgorithm
from unit.kit.webs import KEY, a_token, pem

from dealwire.errors import Unauthenticated, Unavailable
from dealwire.kit import tokens
from dealwire.kit.tokens import Verifier, read_public_key

RSA_KEY = rsa.generate_private_key(65537, 2048)
P256_KEY = ec.generate_private_key(ec.SECP256R1())


@pytest.mark.parametrize(
    ("key", "algorithm"), [(KEY, "EdDSA"), (P256_KEY, "ES256"), (RSA_KEY, "RS256")], ids=["EdDSA", "ES256", "RS256"]
)
async def test_a_token_says_who_its_bearer_is(key: Any, algorithm: str) -> None:
    verifier = Verifier(public_key=pem(key))
    identity = await verifier.identify(a_token(key, algorithm, sub="am.li", roles=["am", "se"], scope="a:b c:d"))
    assert identity.id == "am.li"
    assert identity.roles == {"am", "se"}
    assert identity.scopes == {"a:b", "c:d"}


def forged_with_the_public_key() -> str:
    """What fooled libraries that let the token choose: an HMAC whose secret is the public key."""
    claims = {"sub": "ann", "exp": time.time() + 60, "iss": "us", "aud": "notes"}
    signed = b".".join(urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in ({"alg": "HS256"}, claims))
    signature = hmac.digest(pem(KEY).encode(), signed, "sha256")
    return f"{signed.decode()}.{urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def a_token_for_us(key: Any = KEY, algorithm: str = "EdDSA", **claims: Any) -> str:
    return a_token(key, algorithm, **{"iss": "us", "aud": "notes", **claims})


@pytest.mark.parametrize(
    "token",
    [
        a_token_for_us(exp=int(time.time()) - 60),
        a_token_for_us(nbf=int(time.time()) + 86_400),
        a_token_for_us(exp=None),
        a_token_for_us(exp="soon"),
        a_token_for_us(exp=1e400),
        a_token_for_us(sub=None),
        a_token_for_us(sub=""),
        a_token_for_us(sub="no id"),
        a_token_for_us(sub="x" * 101),
        a_token_for_us(iss="another"),
        a_token_for_us(iss=None),
        a_token_for_us(aud="another"),
        a_token_for_us(aud=None),
        a_token_for_us(roles="writer"),
        a_token_for_us(roles=[1]),
        a_token_for_us(scope=["a"]),
        a_token_for_us(Ed25519PrivateKey.generate()),
        a_token_for_us(RSA_KEY, "RS256"),
        a_token_for_us("", "none"),
        forged_with_the_public_key(),
        "",
        "x",
        "x.y.z",
        "ä.ö.ü",
        "x" * 100_000,
    ],
)
async def test_a_token_that_does_not_hold_is_nobody(token: str) -> None:
    verifier = Verifier(public_key=pem(KEY), issuer="us", audience="notes")
    assert (await verifier.identify(a_token_for_us())).id == "ann"
    with pytest.raises(Unauthenticated) as refused:
        await verifier.identify(token)
    assert refused.value.slug == "bad-token"


async def test_issuer_and_audience_hold_when_they_are_as_set() -> None:
    verifier = Verifier(public_key=pem(KEY), issuer="us", audience="notes")
    assert (await verifier.identify(a_token(iss="us", aud=["notes", "others"]))).id == "ann"
    assert (await Verifier(public_key=pem(KEY)).identify(a_token(iss="anybody", aud="anything"))).id == "ann"


async def test_a_token_is_verified_once_and_remembered_until_it_expires() -> None:
    now = time.time()
    verifier = Verifier(public_key=pem(KEY), clock=lambda: now)
    token = a_token(exp=int(now) + 100)
    identity = await verifier.identify(token)
    verifier._key = read_public_key(pem(P256_KEY))  # would not verify it
    assert await verifier.identify(token) is identity
    now += 104
    assert await verifier.identify(token) is identity
    now += 2
    with pytest.raises(Unauthenticated):
        await verifier.identify(token)


async def test_only_so_many_tokens_are_remembered_and_the_oldest_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "_MOST_REMEMBERED", 2)
    verifier = Verifier(public_key=pem(KEY))
    given = [a_token(sub=name) for name in ("a", "b", "c")]
    for token in given:
        await verifier.identify(token)
    assert list(verifier._known) == given[1:]


def test_a_key_that_is_too_weak_private_or_no_key_is_refused() -> None:
    private = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    short = rsa.generate_private_key(65537, 1024)  # noqa: S505  # that is the case
    weak = (short, ec.generate_private_key(ec.SECP384R1()))
    for text in (private, *map(pem, weak), "no key", ""):
        with pytest.raises(ValueError, match="key"):
            read_public_key(text)


@contextmanager
def a_key_set(*keys: dict[str, str] | str) -> Iterator[str]:
    """An identity provider's key set at a URL; it counts how often it is asked."""

    class Handler(http.server.BaseHTTPRequestHandler):
        asked = 0

        def do_GET(self) -> None:
            Handler.asked += 1
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"keys": keys}).encode())

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/keys"
        server.shutdown()


def a_jwk(kid: str, **more: str) -> dict[str, str]:
    return {**OKPAlgorithm.to_jwk(KEY.public_key(), as_dict=True), "kid": kid, "use": "sig", "alg": "EdDSA", **more}


async def test_a_token_is_verified_with_the_key_that_it_names_of_the_providers_set() -> None:
    with a_key_set(a_jwk("one")) as url:
        verifier = Verifier(jwks_url=url)
        assert (await verifier.identify(a_token(headers={"kid": "one"}))).id == "ann"
        for token in (a_token(headers={"kid": "two"}), a_token(), a_token(P256_KEY, "ES256", headers={"kid": "one"})):
            with pytest.raises(Unauthenticated):
                await verifier.identify(token)


async def test_a_provider_that_is_away_or_talks_nonsense_is_not_the_callers_fault() -> None:
    with a_key_set(a_jwk("one")) as url:
        pass
    with pytest.raises(Unavailable):
        await Verifier(jwks_url=url).identify(a_token(headers={"kid": "one"}))
    with a_key_set("nonsense") as url, pytest.raises(Unavailable):
        await Verifier(jwks_url=url).identify(a_token(headers={"kid": "one"}))


async def test_a_key_of_the_set_that_is_made_for_something_else_is_not_used() -> None:
    secret = {"kty": "oct", "k": "c2VjcmV0", "kid": "shared", "alg": "HS256"}
    with a_key_set(secret) as url, pytest.raises(Unauthenticated):
        await Verifier(jwks_url=url).identify(a_token("secret" * 10, "HS256", headers={"kid": "shared"}))
