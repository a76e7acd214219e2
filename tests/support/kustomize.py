"""What `kubectl apply -k` would apply, as far as deploy/kubernetes makes use of kustomize."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

Resource = dict[str, Any]

_KNOWN = {"apiVersion", "kind", "namespace", "resources", "images", "namePrefix", "labels", "patches"}


def build(folder: Path) -> list[Resource]:
    """Raises AssertionError for what is not known here, FileNotFoundError for what is not there."""
    told = yaml.safe_load((folder / "kustomization.yaml").read_text())
    assert (told["apiVersion"], told["kind"]) == ("kustomize.config.k8s.io/v1beta1", "Kustomization")
    assert told.keys() <= _KNOWN, told.keys() - _KNOWN
    resources = [each for name in told["resources"] for each in _resources(folder / name)]
    for patch in told.get("patches", ()):
        _patch(resources, patch["target"]["kind"], yaml.safe_load(patch["patch"]))
    if prefix := told.get("namePrefix"):
        _rename(resources, {each["metadata"]["name"]: prefix + each["metadata"]["name"] for each in resources})
    for labels in told.get("labels", ()):
        assert labels["includeSelectors"]
        for each in resources:
            _label(each, labels["pairs"])
    for each in resources:
        if "namespace" in told and each["kind"] != "Namespace":
            each["metadata"]["namespace"] = told["namespace"]
        for container in _containers(each):
            for image in told.get("images", ()):
                if container["image"] == image["name"]:
                    container["image"] = f"{image['newName']}:{image['newTag']}"
    return resources


def _resources(path: Path) -> list[Resource]:
    return build(path) if path.is_dir() else list(yaml.safe_load_all(path.read_text()))


def _patch(resources: list[Resource], kind: str, operations: list[dict[str, Any]]) -> None:
    targets = [each for each in resources if each["kind"] == kind]
    assert targets, f"nothing of kind {kind} to patch"
    for operation in operations:
        *way, last = [step.replace("~1", "/").replace("~0", "~") for step in operation["path"].split("/")[1:]]
        for target in targets:
            place: Any = target
            for step in way:
                place = place[int(step)] if isinstance(place, list) else place[step]
            assert (last in place) is (operation["op"] == "replace"), operation
            place[last] = operation["value"]


def _rename(resources: list[Resource], names: dict[str, str]) -> None:
    """What is named, and who names it."""
    for each in resources:
        named = [each["metadata"]]
        if each["kind"] == "HorizontalPodAutoscaler":
            named.append(each["spec"]["scaleTargetRef"])
        if each["kind"] == "Ingress":
            named += [path["backend"]["service"] for rule in each["spec"]["rules"] for path in rule["http"]["paths"]]
        for place in named:
            place["name"] = names.get(place["name"], place["name"])


def _label(resource: Resource, pairs: dict[str, str]) -> None:
    resource["metadata"].setdefault("labels", {}).update(pairs)
    spec = resource["spec"]
    match resource["kind"]:
        case "Deployment":
            spec.setdefault("selector", {}).setdefault("matchLabels", {}).update(pairs)
            spec["template"].setdefault("metadata", {}).setdefault("labels", {}).update(pairs)
            for spread in spec["template"]["spec"].get("topologySpreadConstraints", ()):
                if "matchLabels" in spread.get("labelSelector", {}):
                    spread["labelSelector"]["matchLabels"].update(pairs)
        case "Service":
            spec.setdefault("selector", {}).update(pairs)
        case "PodDisruptionBudget" if "matchLabels" in spec.get("selector", {}):
            spec["selector"]["matchLabels"].update(pairs)


def _containers(resource: Resource) -> Iterator[dict[str, Any]]:
    if resource["kind"] in {"Deployment", "Job"}:
        yield from resource["spec"]["template"]["spec"]["containers"]
