"""The folder of a deployment's secrets, a subfolder for each who reads them.

mongo/         admin-password, key-file (what the members of the replica set know each other by)
rabbitmq/      admin-password
tokens/        the key pair that `dealwire token` signs with, where there is no identity provider
<service>/     dealwire_mongo_url, dealwire_amqp_url, dealwire_jwt_…: to be the service's DEALWIRE_SECRETS_DIR
operator/      dealwire_amqp_url
subscribers/   a file by the name of each, with its URL of the broker

An administrator with another name than `admin` has it in a file `admin-user` beside the password.
"""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, quote, unquote, urlsplit

from dealwire.catalogue import PUBLISHED
from dealwire.cli.console import Failure
from dealwire.stack.keys import AUDIENCE, ISSUER, Keys

OPERATOR = "operator"
SUBSCRIBERS = "subscribers"
AMQP_URL = "dealwire_amqp_url"
MONGO_URL = "dealwire_mongo_url"


@dataclass(frozen=True, slots=True)
class Account:
    """Who a URL says somebody is, and where: the virtual host of a broker, or a database."""

    user: str
    password: str
    hosts: str
    place: str
    options: Mapping[str, str]


def create(
    folder: Path, *, mongo_host: str, replica_set: str, broker_host: str, vhost: str, subscribers: Iterable[str]
) -> Iterator[Path]:
    """Makes up what is not there yet, and answers the new files. What is there is never changed."""
    yield from _write(folder / "mongo" / "admin-password", _password())
    yield from _write(folder / "mongo" / "key-file", base64.b64encode(secrets.token_bytes(567)).decode())
    yield from _write(folder / "rabbitmq" / "admin-password", _password())
    public_key = Keys.of(folder / "tokens").public_key_file.read_text()
    for service in PUBLISHED:
        own = folder / service
        yield from _write(
            own / MONGO_URL, f"mongodb://{service}:{_password()}@{mongo_host}/{service}?replicaSet={replica_set}"
        )
        yield from _write(own / AMQP_URL, _amqp_url(service, broker_host, vhost))
        yield from _write(own / "dealwire_jwt_public_key", public_key)
        yield from _write(own / "dealwire_jwt_issuer", ISSUER)
        yield from _write(own / "dealwire_jwt_audience", AUDIENCE)
    yield from _write(folder / OPERATOR / AMQP_URL, _amqp_url(OPERATOR, broker_host, vhost))
    for name in subscribers:
        yield from _write(folder / SUBSCRIBERS / name, _amqp_url(name, broker_host, vhost))


def account(file: Path) -> Account:
    """Raises Failure, which never quotes the URL."""
    url = urlsplit(read(file))
    authority, _, hosts = url.netloc.rpartition("@")
    user, _, password = authority.partition(":")
    if not (user and password and hosts):
        raise Failure(f"{file} is no URL with user, password and host.")
    options = {name: values[-1] for name, values in parse_qs(url.query).items()}
    return Account(unquote(user), unquote(password), hosts, unquote(url.path[1:]), options)


def administrator(folder: Path) -> tuple[str, str]:
    """User and password. Raises Failure."""
    user = folder / "admin-user"
    return read(user) if user.exists() else "admin", read(folder / "admin-password")


def read(file: Path) -> str:
    """Raises Failure."""
    try:
        return file.read_text().strip()
    except OSError as error:
        raise Failure(f"{file} cannot be read: {error.strerror}. `dealwire setup secrets` makes such a file.") from None


def _write(file: Path, text: str) -> Iterator[Path]:
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400), "w") as new:
            new.write(text)
        yield file


def _amqp_url(user: str, host: str, vhost: str) -> str:
    return f"amqp://{user}:{_password()}@{host}/{quote(vhost, safe='')}"


def _password() -> str:
    return secrets.token_urlsafe(24)
