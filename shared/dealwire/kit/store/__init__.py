"""Storage: the one place that knows the database driver."""

from dealwire.kit.store.claims import Claims
from dealwire.kit.store.database import Database, Index
from dealwire.kit.store.documents import Record
from dealwire.kit.store.leases import Leases
from dealwire.kit.store.pages import NEWEST, OLDEST, Order, Page
from dealwire.kit.store.records import RecordStore, Taken
from dealwire.kit.store.replicas import Replica

__all__ = [
    "NEWEST",
    "OLDEST",
    "Claims",
    "Database",
    "Index",
    "Leases",
    "Order",
    "Page",
    "Record",
    "RecordStore",
    "Replica",
    "Taken",
]
