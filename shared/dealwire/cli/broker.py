"""Preparing a RabbitMQ through its management API: the exchange, the log, and users with the rights they need."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Self
from urllib.parse import quote

import httpx

from dealwire.cli.console import Failure
from dealwire.cli.rights import Rights
from dealwire.cli.secret_files import Account
from dealwire.kit.bus import EXCHANGE, LOG, LOG_ARGUMENTS

_PATIENCE_SECONDS = 30


class Management:
    """The management API, as its administrator. Every method does nothing that is done already, and raises Failure."""

    def __init__(self, url: str, administrator: tuple[str, str], vhost: str) -> None:
        self._url = url
        self._administrator = administrator
        self._vhost = quote(vhost, safe="")
        self._client = httpx.Client(base_url=url, auth=administrator, trust_env=False, timeout=_PATIENCE_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def prepare(self) -> Iterator[str]:
        """The virtual host, the exchange of all events, and the log that is bound to it; answers what it did."""
        if self._ask("GET", f"vhosts/{self._vhost}", missing_is_fine=True).status_code == httpx.codes.NOT_FOUND:
            self._ask("PUT", f"vhosts/{self._vhost}")
            self._permit(self._administrator[0], configure=".*", write=".*", read=".*")
            yield "virtual host"
        self._ask("PUT", f"exchanges/{self._vhost}/{EXCHANGE}", {"type": "topic", "durable": True})
        yield f"exchange {EXCHANGE}"
        self._ask("PUT", f"queues/{self._vhost}/{LOG}", {"durable": True, "arguments": LOG_ARGUMENTS})
        self._ask("POST", f"bindings/{self._vhost}/e/{EXCHANGE}/q/{LOG}", {"routing_key": "#"})
        yield f"log {LOG}"

    def account(self, account: Account, rights: Rights) -> str:
        """A user with exactly these rights."""
        user = quote(account.user, safe="")
        self._ask("PUT", f"users/{user}", {"password": account.password, "tags": rights.tags})
        self._permit(account.user, configure=rights.configure, write=rights.write, read=rights.read)
        topics = {"exchange": EXCHANGE, "write": rights.publish, "read": rights.bind}
        self._ask("PUT", f"topic-permissions/{self._vhost}/{user}", topics)
        return f"user {account.user}"

    def _permit(self, user: str, **rights: str) -> None:
        self._ask("PUT", f"permissions/{self._vhost}/{quote(user, safe='')}", rights)

    def _ask(
        self, method: str, path: str, told: Mapping[str, Any] | None = None, *, missing_is_fine: bool = False
    ) -> httpx.Response:
        try:
            answer = self._client.request(method, f"/api/{path}", json=told)
        except httpx.HTTPError as error:
            raise Failure(f"The management API at {self._url} cannot be reached: {error}.") from None
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            raise Failure(
                f"The broker at {self._url} does not accept the user {self._administrator[0]}, or its password."
            )
        if answer.is_error and not (missing_is_fine and answer.status_code == httpx.codes.NOT_FOUND):
            raise Failure(f"The broker refuses {method} {path}: {answer.text}")
        return answer
