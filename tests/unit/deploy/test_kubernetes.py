"""The manifests of deploy/kubernetes, as kustomize puts them together: whether a cluster would take them."""

from __future__ import annotations

from typing import Any

import jsonschema
import kubernetes_validate  # type: ignore[import-untyped]
import pytest
from support.kustomize import Resource, build
from unit.deploy.places import COMPOSE, DEPLOY, SERVICES

RESOURCES = build(DEPLOY / "kubernetes")

OLDEST = "1.27"
NEWEST = kubernetes_validate.latest_version()

NAME = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
ROLE = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "db": {"type": "string"}},
    "required": ["name", "db"],
    "additionalProperties": False,
}

# Kubernetes knows nothing of these; what we use of them is written down from the operators' own definitions.
CUSTOM: dict[tuple[str, str], dict[str, Any]] = {
    ("rabbitmq.com/v1beta1", "RabbitmqCluster"): {
        "type": "object",
        "properties": {
            "replicas": {"enum": [1, 3, 5]},
            "image": {"type": "string"},
            "persistence": {"type": "object", "properties": {"storage": {"type": "string", "pattern": "^[0-9]+Gi$"}}},
            "resources": {"type": "object"},
            "rabbitmq": {"type": "object", "properties": {"additionalConfig": {"type": "string"}}},
        },
        "additionalProperties": False,
    },
    ("mongodbcommunity.mongodb.com/v1", "MongoDBCommunity"): {
        "type": "object",
        "properties": {
            "type": {"const": "ReplicaSet"},
            "members": {"enum": [1, 3, 5]},
            "version": {"type": "string", "pattern": r"^\d+\.\d+\.\d+$"},
            "additionalMongodConfig": {
                "type": "object",
                "properties": {"setParameter": {"type": "object", "additionalProperties": {"type": "integer"}}},
                "additionalProperties": False,
            },
            "security": {
                "type": "object",
                "properties": {
                    "authentication": {
                        "type": "object",
                        "properties": {"modes": {"type": "array", "items": {"enum": ["SCRAM", "X509"]}}},
                        "required": ["modes"],
                    }
                },
            },
            "users": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "name": {"type": "string"},
                        "db": {"type": "string"},
                        "passwordSecretRef": NAME,
                        "roles": {"type": "array", "items": ROLE},
                        "scramCredentialsSecretName": {"type": "string"},
                    },
                    "required": ["name", "passwordSecretRef", "roles", "scramCredentialsSecretName"],
                    "additionalProperties": False,
                },
            },
        },
        "required": ["type", "security", "users"],
        "additionalProperties": False,
    },
}


def is_custom(resource: Resource) -> bool:
    return (resource["apiVersion"], resource["kind"]) in CUSTOM


def named(resource: Resource) -> str:
    return f"{resource['kind']}/{resource['metadata']['name']}"


def of_kind(kind: str) -> dict[str, Resource]:
    return {each["metadata"]["name"]: each for each in RESOURCES if each["kind"] == kind}


def pods() -> dict[str, dict[str, Any]]:
    return {named(each): each["spec"]["template"]["spec"] for each in RESOURCES if "template" in each.get("spec", {})}


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
@pytest.mark.parametrize("resource", [each for each in RESOURCES if not is_custom(each)], ids=named)
def test_every_manifest_is_what_kubernetes_takes(resource: Resource, version: str) -> None:
    kubernetes_validate.validate(resource, version, strict=True)


@pytest.mark.parametrize("resource", [each for each in RESOURCES if is_custom(each)], ids=named)
def test_what_the_operators_read_is_what_they_take(resource: Resource) -> None:
    jsonschema.validate(resource["spec"], CUSTOM[resource["apiVersion"], resource["kind"]])


def test_every_manifest_lies_in_the_one_namespace_and_none_is_there_twice() -> None:
    names = [named(each) for each in RESOURCES]
    assert len(names) == len(set(names))
    assert names.count("Namespace/dealwire") == 1
    namespaces = {each["metadata"].get("namespace") for each in RESOURCES if each["kind"] != "Namespace"}
    assert namespaces == {"dealwire"}


def test_both_operators_resources_are_there() -> None:
    assert {(each["apiVersion"], each["kind"]) for each in RESOURCES if is_custom(each)} == set(CUSTOM)


@pytest.mark.parametrize("kind", ["Deployment", "Service", "PodDisruptionBudget", "HorizontalPodAutoscaler", "Ingress"])
def test_every_service_has_all_that_belongs_to_one(kind: str) -> None:
    assert sorted(of_kind(kind)) == SERVICES


@pytest.mark.parametrize("service", SERVICES)
def test_what_belongs_to_a_service_finds_its_own_pods_and_no_others(service: str) -> None:
    deployment = of_kind("Deployment")[service]
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    selectors = [
        deployment["spec"]["selector"]["matchLabels"],
        of_kind("Service")[service]["spec"]["selector"],
        of_kind("PodDisruptionBudget")[service]["spec"]["selector"]["matchLabels"],
        *(
            spread["labelSelector"]["matchLabels"]
            for spread in deployment["spec"]["template"]["spec"]["topologySpreadConstraints"]
        ),
    ]
    assert len(selectors) == 4
    for selector in selectors:
        assert selector.items() <= labels.items()
        assert selector["app.kubernetes.io/name"] == service
    assert of_kind("HorizontalPodAutoscaler")[service]["spec"]["scaleTargetRef"]["name"] == service
    assert "replicas" not in deployment["spec"]  # applying again would undo what the autoscaler did


@pytest.mark.parametrize("pod", pods().values(), ids=pods())
def test_no_pod_may_do_more_than_the_restricted_standard_allows(pod: dict[str, Any]) -> None:
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == int(COMPOSE["x-dealwire"]["user"].split(":")[0])
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not pod.keys() & {"hostNetwork", "hostPID", "hostIPC"}
    assert all(volume.keys() & {"emptyDir", "secret", "configMap"} for volume in pod["volumes"])
    for container in pod["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert {"requests", "limits"} <= container["resources"].keys()


@pytest.mark.parametrize("pod", pods().values(), ids=pods())
def test_whatever_a_pod_mounts_it_has(pod: dict[str, Any]) -> None:
    volumes = [volume["name"] for volume in pod["volumes"]]
    for container in pod["containers"]:
        assert sorted(mount["name"] for mount in container["volumeMounts"]) == sorted(volumes)
        writable = [mount["mountPath"] for mount in container["volumeMounts"] if not mount.get("readOnly")]
        assert writable == ["/tmp"]  # noqa: S108  # a path inside the container
