"""URLs of the broker and the database: only a loopback host may be used without a password of one's own."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import parse_qs, unquote, urlsplit

_DEFAULT_USER = "guest"  # RabbitMQ's, also what a client uses when the URL names nobody


def check_amqp_url(url: str) -> str:
    """Raises ValueError, never quoting the URL."""
    scheme, user, password, hosts, _ = _parts(url)
    if scheme not in {"amqp", "amqps"}:
        raise ValueError("it must begin with amqp:// or amqps://")
    if (not password or user in {"", _DEFAULT_USER}) and not all(map(_is_loopback, hosts)):
        raise ValueError(f"the user {_DEFAULT_USER!r}, or none, is only for a broker on this machine")
    return url


def check_mongo_url(url: str) -> str:
    """Raises ValueError, never quoting the URL."""
    scheme, user, password, hosts, options = _parts(url)
    if scheme not in {"mongodb", "mongodb+srv"}:
        raise ValueError("it must begin with mongodb:// or mongodb+srv://")
    by_certificate = "authmechanism" in options
    if not (user and password) and not by_certificate and not all(map(_is_loopback, hosts)):
        raise ValueError("a URL without user and password is only for a database on this machine")
    return url


def _parts(url: str) -> tuple[str, str, str, list[str], set[str]]:
    scheme, separator, _ = url.partition("://")
    try:
        split = urlsplit(url)
    except ValueError:  # its message may quote the password
        raise ValueError("it is no URL") from None
    authority, _, address = split.netloc.rpartition("@")
    hosts = [re.sub(r":\d*$", "", host).strip("[]") for host in address.split(",")]
    if not separator or not all(hosts):
        raise ValueError("it names no host")
    user, _, password = authority.partition(":")
    return scheme, unquote(user), unquote(password), hosts, {option.lower() for option in parse_qs(split.query)}


def _is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
