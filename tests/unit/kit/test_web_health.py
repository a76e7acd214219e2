from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from unit.kit.webs import Steps, a_web_app, client_of

from dealwire.kit.web import Probe, health

Look = Callable[[], Awaitable[Probe]]


def is_fine(*, critical: bool = True) -> Look:
    async def probe() -> Probe:
        return Probe(ok=True, critical=critical)

    return probe


def fails(detail: str = "gone", *, critical: bool = True) -> Look:
    async def probe() -> Probe:
        return Probe(ok=False, detail=detail, critical=critical)

    return probe


async def test_a_process_lives_whatever_its_dependencies_do() -> None:
    async with client_of(a_web_app(probes={"mongo": fails()})) as client:
        response = await client.get("/livez", headers={"Authorization": ""})
    assert response.json() == {"status": "alive"}


async def test_a_service_is_ready_when_everything_is_fine() -> None:
    async with client_of(a_web_app(probes={"mongo": is_fine(), "broker": is_fine(critical=False)})) as client:
        response = await client.get("/readyz", headers={"Authorization": ""})
    assert response.status_code == 200
    assert response.json() == {
        "status": "ready",
        "checks": {
            "mongo": {"ok": True, "detail": "", "critical": True},
            "broker": {"ok": True, "detail": "", "critical": False},
        },
    }


async def test_a_service_is_not_ready_before_everything_was_fine_once() -> None:
    probes = {"mongo": is_fine(), "broker": fails("refused", critical=False)}
    async with client_of(a_web_app(probes=probes)) as client:
        response = await client.get("/readyz")
        assert response.status_code == 503
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json()["type"] == "urn:dealwire:problem:not-ready"
        assert response.json()["checks"]["broker"] == {"ok": False, "detail": "refused", "critical": False}
        probes["broker"] = is_fine(critical=False)
        assert (await client.get("/readyz")).status_code == 200


async def test_a_service_without_its_broker_stays_ready_but_says_so() -> None:
    probes = {"mongo": is_fine(), "broker": is_fine(critical=False)}
    async with client_of(a_web_app(probes=probes)) as client:
        await client.get("/readyz")
        probes["broker"] = fails("refused", critical=False)
        response = await client.get("/readyz")
    assert response.status_code == 200
    assert response.json()["status"] == "degraded"
    assert response.json()["checks"]["broker"]["detail"] == "refused"


async def test_a_service_without_its_database_is_not_ready_and_recovers() -> None:
    probes = {"mongo": is_fine()}
    async with client_of(a_web_app(probes=probes)) as client:
        await client.get("/readyz")
        probes["mongo"] = fails()
        assert (await client.get("/readyz")).status_code == 503
        probes["mongo"] = is_fine()
        assert (await client.get("/readyz")).status_code == 200


async def test_a_service_that_is_stopping_is_not_ready_however_fine_it_is() -> None:
    app = a_web_app(probes={"mongo": is_fine()})
    async with client_of(app) as client:
        await client.get("/readyz")
        app.state.readiness.stopping = True
        assert (await client.get("/readyz")).status_code == 503
        assert (await client.get("/livez")).status_code == 200


async def test_a_probe_that_breaks_or_hangs_counts_as_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_PROBE_SECONDS", 0.05)

    async def breaks() -> Probe:
        raise RuntimeError("secret")

    async def hangs() -> Probe:
        await asyncio.sleep(5)
        return Probe(ok=True)

    async with client_of(a_web_app(probes={"a": breaks, "b": hangs})) as client:
        response = await client.get("/readyz")
    assert response.status_code == 503
    assert {name: check["ok"] for name, check in response.json()["checks"].items()} == {"a": False, "b": False}
    assert "secret" not in response.text


async def test_parts_start_in_their_order_and_stop_in_the_reverse_one() -> None:
    steps = Steps()
    app = a_web_app(parts=[steps.part("database"), steps.part("consumer")])
    async with app.router.lifespan_context(app):
        assert steps.seen == ["database started", "consumer started"]
    assert steps.seen[2:] == ["consumer stopped", "database stopped"]


async def test_when_a_part_does_not_start_those_before_it_stop() -> None:
    steps = Steps()
    app = a_web_app(parts=[steps.part("database"), steps.part("consumer", fault=OSError("no"))])
    with pytest.raises(OSError, match="no"):
        async with app.router.lifespan_context(app):
            pass
    assert steps.seen == ["database started", "database stopped"]


async def test_requests_are_measured_by_the_template_of_their_route_never_by_an_id() -> None:
    async with client_of(a_web_app()) as client:
        await client.get("/v1/notes/id-4711/cause")
        await client.get("/v1/nothing/id-4712")
        await client.request("BREW", "/v1/notes")
        figures = (await client.get("/metrics", headers={"Authorization": ""})).text
    assert 'http_request_duration_seconds_count{method="GET",route="/v1/notes/{id}/cause",status="200"}' in figures
    assert 'http_request_duration_seconds_count{method="GET",route="unmatched",status="404"}' in figures
    assert 'http_request_duration_seconds_count{method="other",route="/v1/notes",status="405"}' in figures
    assert "id-471" not in figures


async def test_every_metric_of_a_service_is_shown() -> None:
    async with client_of(a_web_app()) as client:
        figures = (await client.get("/metrics")).text
    for name in (
        "dealwire_outbox_pending",
        "dealwire_outbox_oldest_pending_age_seconds",
        "dealwire_events_published_total",
        "dealwire_consuming",
        "dealwire_consumer_handled_total",
        "dealwire_consumer_lag_seconds",
        "dealwire_retry_scheduled_total",
        "dealwire_dlq_messages",
        "dealwire_deadlines_overdue",
        "dealwire_deadlines_fired_total",
    ):
        assert f"# TYPE {name} " in figures
