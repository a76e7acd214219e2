from __future__ import annotations

from support.service import Client

A_LEAD = {
    "company": "协和医疗有限公司",
    "contact": {"name": "王芳", "phone": "138 0013 8000"},
    "channel": "expo",
    "industry": "medical",
}
A_GRADE = {"budget": 90, "authority": 80, "need": 90, "timeline": 50}


async def test_a_lead_goes_from_intake_to_conversion(leads: Client) -> None:
    captured = await leads.post("/v1/leads", json=A_LEAD)
    assert captured.status_code == 201
    lead = captured.json()
    assert lead["status"] == "intake"
    
    assert captured.headers["etag"] == '"1"'

    qualified = (await leads.post(f"/v1/leads/{lead['id']}/qualify", json=A_GRADE)).json()
    assert (qualified["grade"], qualified["status"], qualified["se_id"]) == ("A", "assigned", "se.wang")
    am = leads.as_(qualified["am_id"], "am")
    accepted = await am.post(f"/v1/leads/{lead['id']}/accept")
    assert accepted.json()["status"] == "accepted"
    converted = await am.post(f"/v1/leads/{lead['id']}/convert")
    assert converted.json()["status"] == "converted"
    timeline = (await am.get(f"/v1/leads/{lead['id']}/timeline")).json()["items"]
    assert [event["type"] for event in timeline] == [
        "lead.captured.v1",
        "lead.qualified.v1",
        "lead.assigned.v1",
        "lead.accepted.v1",
        "lead.converted.v1",
    ]
