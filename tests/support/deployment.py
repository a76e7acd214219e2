"""A place prepared as a deployment is: secrets in a folder, users with the least rights."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from support.cli import Ran, dealwire, run
from support.place import Place

from dealwire.catalogue import PUBLISHED
from dealwire.cli.secret_files import OPERATOR
from dealwire.stack.plain_http import plain_client

SUBSCRIBER = "data-warehouse"


@dataclass(frozen=True)
class Deployment:
    """The folder of secrets, and the management API the administrator uses."""

    folder: Path
    management_url: str

    def amqp_url(self, who: str) -> str:
        """Of a service, `operator`, or the subscriber."""
        return (self.folder / (f"subscribers/{who}" if who == SUBSCRIBER else f"{who}/dealwire_amqp_url")).read_text()

    async def setup_broker(self) -> Ran:
        return await dealwire("setup", "broker", self.folder, "--management-url", self.management_url)


@asynccontextmanager
async def deployment(place: Place, folder: Path) -> AsyncIterator[Deployment]:
    """Secrets are made up; the broker is not prepared yet. Its users are gone at the end."""
    management, amqp = urlsplit(place.management_url), urlsplit(place.amqp_url)
    (folder / "rabbitmq").mkdir(parents=True)
    (folder / "rabbitmq" / "admin-user").write_text(unquote(management.username or ""))
    (folder / "rabbitmq" / "admin-password").write_text(unquote(management.password or ""))
    ran = run(
        *("setup", "secrets", folder, "--vhost", place.vhost, "--subscriber", SUBSCRIBER),
        *("--broker-host", f"{amqp.hostname}:{amqp.port}", "--mongo-host", "127.0.0.1:1"),
    )
    assert ran.status == 0, ran.err
    try:
        yield Deployment(folder, management._replace(netloc=f"{management.hostname}:{management.port}").geturl())
    finally:
        async with plain_client(place.management_url) as client:
            for user in (*PUBLISHED, OPERATOR, SUBSCRIBER):
                await client.delete(f"/api/users/{user}")
