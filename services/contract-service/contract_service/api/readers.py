"""Who reads what: some everything, an AM the own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from contract_service.domain.contract import Contract
from contract_service.domain.order import Order
from dealwire.catalogue.common import Role
from dealwire.errors import Forbidden
from dealwire.kit.store import Record, RecordStore
from dealwire.kit.web.auth import Caller

S = TypeVar("S", Contract, Order)


@dataclass(frozen=True, slots=True)
class Readers:
    """Whoever has one of the roles, or the scope, reads everything of a kind, such as every order."""

    kind: str
    roles: tuple[Role, ...]
    scope: str

    def own(self, caller: Caller) -> dict[str, str]:
        """What a caller who may not read everything is limited to."""
        reads_all = caller.roles & set(self.roles) or self.scope in caller.scopes
        return {} if reads_all else {"state.am_id": caller.id}

    async def readable(self, store: RecordStore[S], id: str, caller: Caller) -> Record[S]:
        """The record, unless it is somebody else's and the caller reads the own ones only."""
        record = await store.get(id)
        if self.own(caller) and record.state.am_id != caller.id:
            raise Forbidden(f"not-your-{self.kind}", f"The {self.kind} belongs to somebody else.")
        return record
