"""HTTP without TLS, as the servers of this machine speak it."""

from __future__ import annotations

import ssl
from typing import Any

import httpx

# A client reads the certificates of all authorities when it is made, 40 ms of work that plain HTTP has no use for.
_NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def plain_client(base_url: str = "", *, timeout: float = 30, **more: Any) -> httpx.AsyncClient:
    """A client, made in no time, that speaks plain HTTP only and asks no proxy; `timeout` in seconds."""
    return httpx.AsyncClient(base_url=base_url, timeout=timeout, trust_env=False, verify=_NO_CERTIFICATES, **more)


async def succeeds(url: str) -> bool:
    """Whether a GET of the URL is answered, within two seconds and with a success."""
    try:
        async with plain_client(timeout=2) as client:
            return (await client.get(url)).is_success
    except httpx.HTTPError:
        return False
