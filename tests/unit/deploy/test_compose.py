"""docker-compose.yml beside what the services can be told."""

from __future__ import annotations

import re
from typing import Any

import pytest
from unit.deploy.places import COMPOSE, GATEWAY, IMAGE_ENVIRONMENT, SERVICES, known

from dealwire.catalogue import PUBLISHED

OURS = {
    name: service
    for name, service in COMPOSE["services"].items()
    if service.get("image", "").startswith(("dealwire:", "nginx:"))
}


def test_every_service_that_publishes_is_there() -> None:
    assert sorted(name for name in COMPOSE["services"] if name.endswith("-service")) == sorted(PUBLISHED) == SERVICES


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_told_only_what_it_can_be_told(service: str) -> None:
    assert COMPOSE["services"][service]["environment"].keys() | IMAGE_ENVIRONMENT.keys() <= known(service)


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_sees_its_own_secrets_only(service: str) -> None:
    name = service.removesuffix("-service")
    assert COMPOSE["services"][service]["volumes"] == [f"{name}-secrets:/run/dealwire:ro"]
    assert COMPOSE["services"][service]["environment"]["DEALWIRE_SECRETS_DIR"] == "/run/dealwire"


@pytest.mark.parametrize(("name", "service"), OURS.items(), ids=OURS)
def test_no_container_of_ours_may_write_to_its_root_or_do_more_than_it_must(name: str, service: dict[str, Any]) -> None:
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    # Root are only the two that hand out secrets and read all of them, and they are gone before a service starts.
    assert (service["user"] == "0:0") is (name in {"secrets", "setup"})
    assert "cap_add" not in service or service["user"] == "0:0"


def test_the_gateway_leads_to_every_service_at_its_port() -> None:
    (ways,) = re.findall(r"~ \^/\(\?<service>([a-z|]+)\)\(\?<rest>/\.\*\)\$ {", GATEWAY)
    assert {f"{way}-service" for way in ways.split("|")} == set(PUBLISHED)
    assert f"http://$service-service:{IMAGE_ENVIRONMENT['DEALWIRE_PORT']}$rest" in GATEWAY
    assert COMPOSE["services"]["gateway"]["depends_on"].keys() == set(PUBLISHED)


@pytest.mark.parametrize("service", SERVICES)
def test_the_gateway_lets_in_what_the_ingress_lets_in_and_no_metrics(service: str) -> None:
    ways: list[tuple[str, str]] = re.findall(r"location ~ (\S+) {\s+(\w+)", GATEWAY)
    way_in = "/" + service.removesuffix("-service")

    def first_said(path: str) -> str:
        return next(said for way, said in ways if re.search(way.replace("(?<", "(?P<"), way_in + path))

    for inside in ("/v1/things", "/docs", "/openapi.json", "/v1/metrics"):
        assert first_said(inside) != "return"
    for hidden in ("/metrics", "/livez", "/readyz"):
        assert first_said(hidden) == "return"


def test_the_gateway_sends_a_put_or_delete_without_a_key_to_one_replica_only() -> None:
    (once,) = re.findall(r'"~(\S+)" 1;', GATEWAY)
    assert {
        each for each in ("GET:", "POST:", "PUT:", "PUT:key", "DELETE:", "DELETE:key") if re.search(once, each)
    } == {
        "PUT:",
        "DELETE:",
    }
    assert re.search(r"if \(\$once\) {\s+return 418;", GATEWAY)
    assert re.search(r"error_page 418 = @once;\s+location @once {\s+proxy_next_upstream off;", GATEWAY)


def test_what_the_gateway_itself_refuses_is_a_problem() -> None:
    pages = {name: set(statuses.split()) for statuses, name in re.findall(r"error_page ([\d ]+) = @(\w+);", GATEWAY)}
    answer = r"location @(\w+) {\s+default_type application/problem\+json;[^']*return (\d+) '"
    answers: dict[str, str] = dict(re.findall(answer, GATEWAY))
    assert answers.keys() == pages.keys() - {"once"}
    assert all(status in pages[name] for name, status in answers.items())
    assert set().union(*(pages[name] for name in answers)) == {"404", "413", "502", "503", "504"}


def test_the_gateway_says_in_one_place_what_services_are_told_of_a_request() -> None:
    """nginx: a location that sets one header itself inherits none of those that the server sets."""
    depths = [len(indent) for indent in re.findall(r"^( *)proxy_set_header", GATEWAY, re.MULTILINE)]
    assert len(depths) >= 6
    assert set(depths) == {GATEWAY.index("listen") - GATEWAY.rindex("\n", 0, GATEWAY.index("listen")) - 1}
    for header in ("Host", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Prefix", "X-Correlation-Id"):
        assert f"proxy_set_header {header} " in GATEWAY


@pytest.mark.parametrize("service", COMPOSE["services"])
def test_every_image_is_of_a_version(service: str) -> None:
    _, _, version = COMPOSE["services"][service]["image"].partition(":")
    assert version not in {"", "latest"}


def test_the_setup_reads_every_secret_that_was_made() -> None:
    made, read = (COMPOSE["services"][name]["volumes"] for name in ("secrets", "setup"))
    assert read == [f"{each}:ro" for each in made if not each.startswith("token-")]  # the setup signs nothing


def test_only_the_gateway_and_the_monitoring_are_reached_from_outside() -> None:
    ports = {name: service["ports"] for name, service in COMPOSE["services"].items() if "ports" in service}
    assert ports == {
        "gateway": ["${DEALWIRE_BIND:-127.0.0.1}:${DEALWIRE_HTTP_PORT:-8080}:8080"],
        "prometheus": ["127.0.0.1:9090:9090"],
    }
