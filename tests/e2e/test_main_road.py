from __future__ import annotations

import asyncio

from support.department import Department, today
from support.service import eventually


async def test_a_lead_becomes_a_signed_contract_a_fulfilment_order_and_a_figure(department: Department) -> None:
    industry = f"medical-{department.mark}"
    am_id, _ = await department.hire(industry)
    lead = await department.an_accepted_lead(industry, am_id, f"协和医疗 {department.mark}")
    deal = await department.a_won_quote(lead, price_minor=123_456_00)
    assert deal["stage"] == "contract"
    contract = await department.a_signed_contract(deal)
    assert contract["status"] == "signed"

    am, cs = department.as_(am_id, "am"), department.as_("cs.sun", "cs")
    order = await department.find(cs, "/contract/v1/orders", lambda each: each["contract_id"] == contract["id"])
    erp = department.as_("erp", "machine", scopes=("orders:accept",))
    for department_name in ("production", "delivery"):
        await erp.post(f"/contract/v1/orders/{order['id']}/acceptances/{department_name}")
    accepted = await cs.post(f"/contract/v1/orders/{order['id']}/acceptances/service")
    assert accepted["waiting_for"] == []
    delivered = await cs.post(f"/contract/v1/orders/{order['id']}/deliver", {"delivered_on": today()})
    assert delivered["status"] == "delivered"

    async def won() -> bool:
        found = await am.get(f"/pipeline/v1/opportunities/{deal['id']}")
        return bool(found["stage"] == "won")

    async def counted() -> bool:
        figures = await department.figures(f"members/{am_id}")
        return bool(figures["sales_amount"] == 123_456_00 and figures["opportunities_won"] == 1)

    await eventually(won, "the opportunity is won")
    await eventually(counted, "the figures have it")
    figures = await department.figures(f"teams/team.{industry}")
    assert (figures["deals_signed"], figures["new_customers"], figures["signing_cycle_days"]) == (1, 1, 0)


async def test_twenty_captures_under_one_key_make_one_lead(department: Department) -> None:
    so = department.as_("so.zhao", "so")
    told = {
        "company": "Idem Ltd",
        "contact": {"name": "I", "phone": department.a_phone()},
        "channel": "referral",
    }
    key = {"Idempotency-Key": f"key-{department.mark}"}
    answers = await asyncio.gather(*(so.post("/lead/v1/leads", told, **key) for _ in range(20)))
    assert len({answer["id"] for answer in answers}) == 1
    assert answers[0]["captures"] == 1
