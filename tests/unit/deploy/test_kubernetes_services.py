"""The manifests of deploy/kubernetes beside what the services can be told, docker-compose.yml and the README's
commands.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from support.cli import run
from support.kustomize import build
from unit.deploy.places import COMPOSE, DEPLOY, GATEWAY, IMAGE_ENVIRONMENT, SERVICES, SETTINGS, known

from dealwire.catalogue import PUBLISHED
from dealwire.cli.secret_files import account, administrator
from dealwire.kit.settings import load_settings

RESOURCES = build(DEPLOY / "kubernetes")
README = (DEPLOY / "kubernetes" / "README.md").read_text()
BY_KIND: dict[str, dict[str, Any]] = {}
for each in RESOURCES:
    BY_KIND.setdefault(each["kind"], {})[each["metadata"]["name"]] = each.get("spec", {})

(MONGO,) = BY_KIND["MongoDBCommunity"]
(RABBITMQ,) = BY_KIND["RabbitmqCluster"]


def pod_of(service: str) -> dict[str, Any]:
    pod: dict[str, Any] = BY_KIND["Deployment"][service]["template"]["spec"]
    return pod


def container_of(service: str) -> dict[str, Any]:
    (container,) = pod_of(service)["containers"]
    return dict(container)


def told(service: str) -> dict[str, str]:
    """The variables that the manifest sets; none from a secret, which are files."""
    return {each["name"]: each["value"] for each in container_of(service)["env"]}


def secrets_of(pod: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Secrets by the place where they are mounted."""
    secrets = {volume["name"]: volume["secret"] for volume in pod["volumes"] if "secret" in volume}
    mounts = {mount["name"]: mount["mountPath"] for mount in pod["containers"][0]["volumeMounts"]}
    return {mounts[name]: secret for name, secret in secrets.items()}


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    """The folder that the README's command makes."""
    (command,) = re.findall(r"^dealwire (setup secrets .*)$", README, re.MULTILINE)
    setup, name, folder, *options = shlex.split(command)
    assert folder == "build/secrets"
    ran = run(setup, name, tmp_path, *options)
    assert ran.status == 0, ran.err
    return tmp_path


def test_every_service_that_publishes_has_manifests_and_settings() -> None:
    assert sorted(BY_KIND["Deployment"]) == SERVICES == sorted(PUBLISHED)


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_started_as_compose_starts_it(service: str) -> None:
    assert container_of(service)["command"] == COMPOSE["services"][service]["command"]
    shared = {"DEALWIRE_SECRETS_DIR", "DEALWIRE_TRUSTED_PROXIES"}
    composed = COMPOSE["services"][service]["environment"]
    assert {name: told(service)[name] for name in shared} == {name: composed[name] for name in shared}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_told_only_what_it_can_be_told(
    service: str, secrets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert told(service).keys() <= known(service)
    for name, value in {**IMAGE_ENVIRONMENT, **told(service), "DEALWIRE_SECRETS_DIR": str(secrets / service)}.items():
        monkeypatch.setenv(name, value)
    settings = load_settings(SETTINGS[service])
    (port,) = container_of(service)["ports"]
    assert (settings.port, settings.host) == (port["containerPort"], "0.0.0.0")  # noqa: S104  # inside the container
    stops_after = settings.ready_delay_seconds + settings.drain_seconds
    assert pod_of(service)["terminationGracePeriodSeconds"] > stops_after + 10


@pytest.mark.parametrize("service", SERVICES)
def test_the_urls_made_by_the_readme_name_what_the_operators_make(service: str, secrets: Path) -> None:
    mongo = account(secrets / service / "dealwire_mongo_url")
    assert (mongo.hosts, mongo.options["replicaSet"]) == (f"{MONGO}-svc:27017", MONGO)
    assert account(secrets / service / "dealwire_amqp_url").hosts == f"{RABBITMQ}:5672"


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_gets_its_own_secret_and_no_other(service: str) -> None:
    assert secrets_of(pod_of(service)) == {told(service)["DEALWIRE_SECRETS_DIR"]: {"secretName": service}}
    assert all("value" in each for each in container_of(service)["env"])
    assert container_of(service)["envFrom"] == [{"configMapRef": {"name": "dealwire", "optional": True}}]


def test_no_secret_is_written_down() -> None:
    assert "Secret" not in BY_KIND
    text = "".join(file.read_text() for file in (DEPLOY / "kubernetes").rglob("*.yaml"))
    assert not re.search(r"://[^/\s\"]*:[^/\s\"]*@|BEGIN [A-Z ]*PRIVATE KEY", text)


@pytest.mark.parametrize("service", SERVICES)
def test_liveness_asks_for_livez_and_readiness_for_readyz(service: str) -> None:
    container = container_of(service)
    probes = {name: container[f"{name}Probe"]["httpGet"] for name in ("startup", "liveness", "readiness")}
    assert {name: probe["path"] for name, probe in probes.items()} == {
        "startup": "/livez",
        "liveness": "/livez",
        "readiness": "/readyz",
    }
    assert {probe["port"] for probe in probes.values()} == {container["ports"][0]["name"]}
    assert "/readyz" in " ".join(COMPOSE["services"][service]["healthcheck"]["test"])


def test_the_setup_job_reads_the_folder_that_setup_all_wants(secrets: Path, tmp_path: Path) -> None:
    """As the job sees it: each secret as the README or an operator makes it, where the job mounts it."""
    pod = BY_KIND["Job"]["setup"]["template"]["spec"]
    loops = re.findall(r"^for reader in (.*); do$", README, re.MULTILINE)
    made = {name: {file.name: file for file in (secrets / name).iterdir()} for name in " ".join(loops).split()}
    for name, key, file in re.findall(
        r"secret generic (\S+) --from-file=(\w+)=build/secrets/(\S+)$", README, re.MULTILINE
    ):
        made[name] = {key: secrets / file}
    made[f"{RABBITMQ}-default-user"] = dict.fromkeys(("username", "password"), secrets / "rabbitmq" / "admin-password")
    seen = tmp_path / "seen"
    for mount, secret in secrets_of(pod).items():
        files = made[secret["secretName"]]
        items = {each["path"]: each["key"] for each in secret.get("items", ())} or {name: name for name in files}
        (seen / mount.removeprefix("/secrets/")).mkdir(parents=True)
        for path, key in items.items():
            (seen / mount.removeprefix("/secrets/") / path).write_text(files[key].read_text())
    for who in (*PUBLISHED, "operator"):
        assert account(seen / who / "dealwire_amqp_url").user == who
    for subscriber in (seen / "subscribers").iterdir():
        assert account(subscriber).user == subscriber.name
    assert [subscriber.name for subscriber in (seen / "subscribers").iterdir()] == ["bi"]
    (admin,) = BY_KIND["MongoDBCommunity"][MONGO]["users"]
    assert administrator(seen / "mongo") == (admin["name"], (secrets / "mongo" / "admin-password").read_text())
    assert administrator(seen / "rabbitmq") == ((secrets / "rabbitmq" / "admin-password").read_text(),) * 2


def test_the_setup_job_does_what_it_does_under_compose() -> None:
    (container,) = BY_KIND["Job"]["setup"]["template"]["spec"]["containers"]
    composed = COMPOSE["services"]["setup"]["command"]
    assert container["command"] == [part.replace("mongo:27017", f"{MONGO}-svc:27017") for part in composed]
    assert BY_KIND["Job"]["setup"]["ttlSecondsAfterFinished"] > 0  # a job cannot be changed by the next `apply`


def test_broker_and_database_are_of_the_versions_that_compose_runs() -> None:
    assert BY_KIND["RabbitmqCluster"][RABBITMQ]["image"] == COMPOSE["services"]["rabbitmq"]["image"]
    version = COMPOSE["services"]["mongo"]["image"].removeprefix("mongo:")
    assert BY_KIND["MongoDBCommunity"][MONGO]["version"].startswith(f"{version}.")


@pytest.mark.parametrize("service", SERVICES)
def test_the_ingress_lets_in_what_the_gateway_lets_in_and_no_metrics(service: str) -> None:
    (ingress,) = (each for each in RESOURCES if (each["kind"], each["metadata"]["name"]) == ("Ingress", service))
    prefix = "/" + service.removesuffix("-service")
    notes = {name.rpartition("/")[2]: value for name, value in ingress["metadata"]["annotations"].items()}
    assert notes["x-forwarded-prefix"] == prefix
    assert notes["proxy-body-size"] in re.findall(r"client_max_body_size (\w+);", GATEWAY)
    (rule,) = ingress["spec"]["rules"]
    (path,) = rule["http"]["paths"]
    assert path["backend"]["service"] == {"name": service, "port": {"name": "http"}}
    assert BY_KIND["Service"][service]["ports"] == [{"name": "http", "port": 8000, "targetPort": "http"}]
    way = re.compile(path["path"])
    for inside in ("/v1/things?q=1", "/docs", "/openapi.json"):
        found = way.match(prefix + inside)
        assert found
        assert notes["rewrite-target"].replace("$1", found[1]) == inside
    for hidden in ("/metrics", "/livez", "/readyz"):
        assert not way.match(prefix + hidden)


def test_the_network_policy_lets_services_reach_what_their_urls_name() -> None:
    policy = BY_KIND["NetworkPolicy"]["services"]
    selector = policy["podSelector"]["matchLabels"]
    for service in SERVICES:
        assert selector.items() <= BY_KIND["Deployment"][service]["template"]["metadata"]["labels"].items()
    reached = {
        tuple(to["podSelector"]["matchLabels"].items()): [port["port"] for port in rule["ports"]]
        for rule in policy["egress"]
        for to in rule.get("to", ())
    }
    # The labels are those that the operators give to their pods.
    assert reached == {
        (("app.kubernetes.io/name", RABBITMQ),): [5672],
        (("app", f"{MONGO}-svc"),): [27017],
    }
    assert {port["port"] for rule in policy["ingress"] for port in rule["ports"]} == {8000}
