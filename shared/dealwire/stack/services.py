"""The services as child processes, any number of replicas of each."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dealwire.stack.plain_http import succeeds
from dealwire.stack.processes import free_port, start_all
from dealwire.stack.warm import PythonProcess


@dataclass(frozen=True)
class ServiceSpec:
    """A service: `python -m module` runs it, the gateway mounts it at `path`, its database has its name.

    `imports` is what it takes its time to import.
    """

    name: str
    module: str
    path: str
    imports: tuple[str, ...] = ()


SERVICES = (
    ServiceSpec("lead-service", "lead_service", "/lead", ("lead_service.main",)),
    ServiceSpec("pipeline-service", "pipeline_service", "/pipeline", ("pipeline_service.main",)),
    ServiceSpec("contract-service", "contract_service", "/contract", ("contract_service.main",)),
    ServiceSpec("kpi-service", "kpi_service", "/kpi", ("kpi_service.main",)),
)


class Replica(PythonProcess):
    """One process of a service, on a port that stays the same however often it is killed and started again.

    `start` waits until it is ready, which it cannot be without MongoDB and RabbitMQ; `launch` does not wait.
    """

    def __init__(self, spec: ServiceSpec, number: int, folder: Path, environment: Mapping[str, str]) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        super().__init__(
            f"{spec.name} ({number})",
            spec.module,
            log=folder / f"{spec.name}-{number}.log",
            ready=lambda: succeeds(f"{self.url}/readyz"),
            env={**environment, "DEALWIRE_HOST": "127.0.0.1", "DEALWIRE_PORT": str(self.port)},
            imports=spec.imports,
        )


class Services:
    """All replicas of all services. `replicas["lead-service"][0]` is one to be killed, started and asked by itself."""

    def __init__(
        self,
        folder: Path,
        environment: Mapping[str, str],
        *,
        specs: Sequence[ServiceSpec] = SERVICES,
        count: int = 1,
        database_prefix: str = "",
        told: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        """`environment` goes to every service, what `told` has for it too; the name of its database is added."""
        self.specs = specs
        self.replicas = {
            spec.name: [
                Replica(
                    spec,
                    number,
                    folder,
                    {
                        **environment,
                        **(told or {}).get(spec.name, {}),
                        "DEALWIRE_MONGO_DATABASE": database_prefix + spec.name,
                    },
                )
                for number in range(1, count + 1)
            ]
            for spec in specs
        }

    def __iter__(self) -> Iterator[Replica]:
        return (replica for replicas in self.replicas.values() for replica in replicas)

    @property
    def urls(self) -> dict[str, list[str]]:
        """Where each service's replicas listen, by the service's name."""
        return {name: [replica.url for replica in replicas] for name, replicas in self.replicas.items()}

    @property
    def routes(self) -> dict[str, list[str]]:
        """The same, by the path the gateway mounts them at."""
        return {spec.path: self.urls[spec.name] for spec in self.specs}

    async def start(self) -> None:
        """Start all that do not run, at once; StackError when one does not become ready."""
        await start_all(self)

    async def stop(self) -> None:
        """Stop all at once, each in an orderly way."""
        await asyncio.gather(*(replica.stop() for replica in self))
