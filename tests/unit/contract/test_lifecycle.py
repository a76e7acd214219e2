"""Whatever people try, in whatever order: what must always hold for a contract."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from unit.contract.builders import (
    AM,
    ANOTHER_AM,
    POLICY,
    SPECIAL,
    STANDARD,
    TODAY,
    a_draft,
    a_hand_over,
    a_lost_deal,
    a_receipt,
    a_signature,
    decide,
)

from contract_service.domain.assigning import assign_am
from contract_service.domain.contract import Contract, Status
from contract_service.domain.drafting import change_terms
from contract_service.domain.payments import record_receipt
from contract_service.domain.review import desks_for, submit
from contract_service.domain.signing import sign
from contract_service.domain.withdrawal import withdraw
from dealwire.catalogue.contract import (
    Clause,
    ContractAmAssigned,
    ContractApproved,
    ContractReviewed,
    ContractReviewRequested,
    ContractSigned,
    ContractWithdrawn,
    Desk,
)
from dealwire.errors import Conflict, Rejected
from dealwire.event import Decision, EventData


class AContract(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.contract = a_draft()
        self.happened: list[EventData] = []

    def attempt(self, decision: Callable[[Contract], Decision[Contract]]) -> None:
        before = self.contract
        try:
            self.contract, events = decision(before)
        except (Conflict, Rejected):
            return
        assert bool(events) == (self.contract != before), "a change says what happened, and nothing else does"
        self.happened.extend(events)

    @rule(clauses=st.lists(st.sampled_from([STANDARD, SPECIAL]), max_size=2))
    def rewrite(self, clauses: list[Clause]) -> None:
        self.attempt(lambda contract: change_terms(contract, clauses, [], contract.am_id))

    @rule()
    def submit(self) -> None:
        self.attempt(lambda contract: submit(contract, contract.am_id))

    @rule(desk=st.sampled_from(Desk), approved=st.sampled_from([True, True, False]), by=st.sampled_from("xy"))
    def review(self, desk: Desk, approved: bool, by: str) -> None:
        self.attempt(lambda contract: decide(contract, desk, approved=approved, by=by))

    @rule(approved=st.booleans())
    def submit_and_decide(self, approved: bool) -> None:
        self.submit()
        for desk in Desk:
            self.review(desk, approved=approved, by="x")

    @rule(document=st.sampled_from("ab"))
    def sign(self, document: str) -> None:
        signature = a_signature(document_sha256=document * 64)
        self.attempt(lambda contract: sign(contract, signature, contract.am_id, TODAY, POLICY))

    @rule(to=st.sampled_from([AM, ANOTHER_AM]), later=st.integers(-1, 1))
    def hand_the_deal_over(self, to: str, later: int) -> None:
        self.attempt(lambda contract: assign_am(contract, a_hand_over(to, contract.am_since + later)))

    @rule(by=st.sampled_from([AM, ANOTHER_AM]))
    def lose_the_deal(self, by: str) -> None:
        self.attempt(lambda contract: withdraw(contract, a_lost_deal(am_id=by)))

    @rule(reference=st.sampled_from("pq"), minor=st.sampled_from([1, 60_000]))
    def receive(self, reference: str, minor: int) -> None:
        self.attempt(lambda contract: record_receipt(contract, a_receipt(reference, minor), TODAY))

    @invariant()
    def an_approved_contract_has_the_approval_of_every_desk_concerned_for_the_terms_it_has(self) -> None:
        if self.contract.status in {Status.APPROVED, Status.SIGNED}:
            assert {each.desk for each in self.contract.reviews if each.approved} == set(
                desks_for(self.contract.clauses)
            )

    @invariant()
    def every_round_is_asked_for_once_and_each_desk_decides_once_in_it(self) -> None:
        rounds = [event.round for event in self.happened if isinstance(event, ContractReviewRequested)]
        decided = [(event.round, event.desk) for event in self.happened if isinstance(event, ContractReviewed)]
        assert rounds == list(range(1, self.contract.round + 1))
        assert len(decided) == len(set(decided))

    @invariant()
    def it_is_approved_and_signed_once(self) -> None:
        kinds = [type(event) for event in self.happened]
        withdrawn = self.contract.status is Status.WITHDRAWN
        assert withdrawn or kinds.count(ContractApproved) == (self.contract.status in {Status.APPROVED, Status.SIGNED})
        assert kinds.count(ContractSigned) == (self.contract.status is Status.SIGNED)

    @invariant()
    def it_is_withdrawn_once_and_then_nothing_happens_any_more(self) -> None:
        kinds = [type(event) for event in self.happened]
        assert kinds.count(ContractWithdrawn) == (self.contract.status is Status.WITHDRAWN)
        assert ContractWithdrawn not in kinds[:-1]

    @invariant()
    def it_is_the_ams_whom_its_events_name_last(self) -> None:
        am = AM
        for event in self.happened:
            if isinstance(event, ContractAmAssigned):
                assert event.former_am_id == am
            if isinstance(event, ContractAmAssigned | ContractWithdrawn):
                am = event.am_id
        assert self.contract.am_id == am


TestAContract = AContract.TestCase
TestAContract.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
