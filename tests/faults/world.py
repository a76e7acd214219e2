"""Services at work that faults are done to, and the question whether all is well after them."""

from __future__ import annotations

from dataclasses import dataclass

from faults.conftest import Tell
from support.audit import audit
from support.books import Books
from support.fleet import Fleet, ask, metric
from support.place import Place
from support.traffic import Office, Team, Traffic

AGE = "dealwire_outbox_oldest_pending_age_seconds"
RETRIES = "dealwire_retry_scheduled_total"


@dataclass
class World:
    """A fleet, and people who work with it."""

    place: Place
    fleet: Fleet
    office: Office
    teams: list[Team]
    tell: Tell

    def traffic(self, *, walkers: int = 6, stands: int = 2) -> Traffic:
        """Leads on their way, with answers counted from now on."""
        self.office.answers.clear()
        return Traffic(self.office, self.teams, walkers=walkers, stands=stands)

    async def is_whole(self, *, whole_log: bool = True) -> Books:
        """Everything that was accepted arrived, and was done once."""
        books = await audit(self.place, whole_log=whole_log)
        complaints = list(self.office.complaints(books))
        assert not complaints, "\n".join(complaints)
        self.tell(
            f"{len(self.office.roads)} roads, {len(books.history)} events, {books.repetitions} repeated on the wire; "
            f"answers {dict(self.office.answers)}"
        )
        return books

    async def ages(self) -> list[float]:
        """How old each service says its oldest pending event is, in seconds."""
        return [await metric(replica, AGE) for replica in self.fleet]

    async def all_say(self, fault: str) -> bool:
        """Whether every service takes requests, and says that this is wrong with the broker."""
        answers = [(await ask(replica, "/readyz")).json() for replica in self.fleet]
        return all(
            answer["status"] == "degraded" and fault in (answer["checks"]["broker"]["detail"] or "nothing")
            for answer in answers
        )
