"""What contract-service keeps: contracts, the orders they become, and which deals were lost or handed over."""

from __future__ import annotations

from contract_service.domain.assigning import HandOver
from contract_service.domain.contract import Contract
from contract_service.domain.order import Order, deadlines
from dealwire.catalogue.pipeline import OpportunityLost
from dealwire.kit.relay import Relay
from dealwire.kit.store import Database, Index, RecordStore, Replica

SERVICE = "contract-service"


class ContractStore:
    """Collections and indexes: one for every way in which lists are asked for."""

    def __init__(self, database: Database, relay: Relay) -> None:
        self.contracts = RecordStore(
            database,
            relay,
            SERVICE,
            "contracts",
            Contract,
            indexes=[_newest_by(field) for field in ("status", "am_id", "opportunity_id", "account_id")],
        )
        self.orders = RecordStore(
            database,
            relay,
            SERVICE,
            "orders",
            Order,
            deadlines=deadlines,
            indexes=[_newest_by(field) for field in ("status", "am_id", "contract_id", "account_id", "waiting_for")],
        )
        self.lost_deals = Replica(database, "lost_deals", OpportunityLost, id=lambda lost: lost.opportunity_id)
        self.hand_overs = Replica(database, "hand_overs", HandOver, id=lambda handed_over: handed_over.opportunity_id)


def _newest_by(field: str) -> Index:
    return Index({f"state.{field}": 1, "created_at": -1, "_id": -1})
