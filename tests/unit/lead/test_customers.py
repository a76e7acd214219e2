from __future__ import annotations

import pytest
from unit.lead.builders import CHEN, EVERY_STATUS, LI, a_lead, an_assigned_lead

from dealwire.catalogue.duplicates import LeadCustomerLinked
from dealwire.catalogue.pipeline import AccountChanged
from dealwire.errors import Conflict
from lead_service.domain.customer import Customer, link_customer, link_recognised, recognise, suggestions
from lead_service.domain.lead import ALIVE, AccountLink, Status
from lead_service.domain.policy import Matching

POINTS = Matching()


def a_customer(name: str = "協和醫療（集團）有限公司", am_id: str = LI, account_id: str = "acc-1") -> Customer:
    return Customer.of(AccountChanged(account_id=account_id, name=name, owner_id=am_id))


def test_a_lead_that_names_a_customers_company_is_linked_to_it_at_once() -> None:
    lead, (event,) = link_recognised(a_lead(), [a_customer(), a_customer("协和医药", account_id="acc-2")])
    assert lead.customer == AccountLink(account_id="acc-1", name="協和醫療（集團）有限公司", am_id=LI)
    assert event == LeadCustomerLinked(
        lead_id="lead-1",
        account_id="acc-1",
        account_name="協和醫療（集團）有限公司",
        am_id=LI,
        because=("the company is the customer's",),
    )
    assert link_recognised(lead, [a_customer()]) == (lead, ())


def test_between_customers_of_two_ams_a_person_decides() -> None:
    customers = [a_customer(), a_customer("协和医疗", CHEN, "acc-2")]
    assert link_recognised(a_lead(), customers) == (a_lead(), ())
    assert {customer.account_id for customer, _ in suggestions(a_lead(), customers, POINTS)} == {"acc-1", "acc-2"}
    of_one = [a_customer(), a_customer("协和医疗", LI, "acc-2")]
    assert recognise(a_lead(), of_one) == of_one[0]


def test_a_customer_of_a_like_name_is_suggested() -> None:
    ((customer, match),) = suggestions(a_lead(company="协和医疗器械科技"), [a_customer("协和医疗器戒科技")], POINTS)
    assert (customer.account_id, match.score) == ("acc-1", 87)
    assert match.because == ("协和医疗器械科技 and 协和医疗器戒科技 are 87 % alike",)
    assert suggestions(a_lead(), [a_customer("明川电子")], POINTS) == []


def test_a_lead_that_another_am_has_is_not_linked_by_itself_but_suggested() -> None:
    lead = an_assigned_lead(CHEN)
    assert link_recognised(lead, [a_customer()]) == (lead, ())
    ((_, match),) = suggestions(lead, [a_customer()], POINTS)
    assert match.because[-1] == f"{CHEN} has the lead and {LI} the customer"
    own = an_assigned_lead(LI)
    assert link_recognised(own, [a_customer()])[0].customer


@pytest.mark.parametrize("status", sorted(Status))
def test_what_is_over_is_not_linked_to_a_customer(status: Status) -> None:
    lead = EVERY_STATUS[status]
    assert bool(link_recognised(lead, [a_customer()])[1]) is (status in ALIVE)
    if status not in ALIVE:
        with pytest.raises(Conflict):
            link_customer(lead, a_customer(), "because")
