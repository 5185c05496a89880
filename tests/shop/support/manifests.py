"""The rendered Kubernetes manifests, and what tests ask of them."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from deploy.manifests.checking import documents

Manifest = dict[str, Any]

NAME = "app.kubernetes.io/name"
SERVICES = ("command", "projector", "query")
WORKLOADS = ("Deployment", "StatefulSet", "Job", "CronJob")
SECRETS = "/run/secrets"
"""Each Secret is mounted there, in a folder of its name."""


@cache
def _documents(overlay: str) -> tuple[Manifest, ...]:
    return tuple(documents(overlay))


def objects(overlay: str, *kinds: str) -> list[Manifest]:
    """The overlay's objects of these kinds."""
    return [one for one in _documents(overlay) if one["kind"] in kinds]


def named(overlay: str, kind: str, name: str) -> Manifest:
    """The one object of this kind and name; kustomize's digest at the end of a ConfigMap's name may be left out."""
    found = [
        one
        for one in objects(overlay, kind)
        if one["metadata"]["name"] == name
        or (kind == "ConfigMap" and one["metadata"]["name"].rpartition("-")[0] == name)
    ]
    assert len(found) == 1, f"{len(found)} of {kind} {name} in {overlay}"
    return found[0]


def pod(workload: Manifest) -> Manifest:
    """The pod's specification in a workload."""
    of = workload["spec"]["jobTemplate"] if workload["kind"] == "CronJob" else workload
    specification: Manifest = of["spec"]["template"]["spec"]
    return specification


def pod_labels(workload: Manifest) -> dict[str, str]:
    """The labels of its pods."""
    of = workload["spec"]["jobTemplate"] if workload["kind"] == "CronJob" else workload
    labels: dict[str, str] = of["spec"]["template"]["metadata"]["labels"]
    return labels


def containers(workload: Manifest) -> list[Manifest]:
    """All containers of its pod, those that prepare it too."""
    return [*pod(workload).get("initContainers", []), *pod(workload)["containers"]]


def secrets_of(workload: Manifest) -> set[str]:
    """The names of all Secrets that its pod refers to, by whatever way."""
    return set(_secrets(pod(workload)))


def _secrets(part: object) -> Iterator[str]:
    if isinstance(part, Mapping):
        for key, value in part.items():
            if key in ("secretKeyRef", "secretRef"):
                yield value["name"]
            elif key == "secret":
                yield value["secretName"]
            elif key == "imagePullSecrets":
                yield from (one["name"] for one in value)
            else:
                yield from _secrets(value)
    elif isinstance(part, list):
        for item in part:
            yield from _secrets(item)


def environment(overlay: str, container: Manifest) -> dict[str, str]:
    """A container's variables as a program in it understands them; a Secret's value is `<secret>` of its name.

    Fails where a variable, a ConfigMap, a key or a mounted Secret is referred to that is not there.
    """
    found: dict[str, str] = {}
    for source in container.get("envFrom", []):
        found |= named(overlay, "ConfigMap", source["configMapRef"]["name"])["data"]
    above: dict[str, str] = {}  # Kubernetes expands $(NAME) from `env` alone
    for variable in container.get("env", []):
        value = _value(overlay, variable, above)
        if value is not None:
            above[variable["name"]] = value
    mounted = {mount["mountPath"] for mount in container.get("volumeMounts", [])}

    def secret(match: re.Match[str]) -> str:
        folder, name = match[1], match[2]
        assert folder in mounted, f"{container['name']} reads {match[0]}, which is not mounted"
        return f"<{name}>"

    return {
        name: re.sub(rf"\{{file:({SECRETS}/([\w-]+))/\w+\}}", secret, value) for name, value in (found | above).items()
    }


def _value(overlay: str, variable: Manifest, above: Mapping[str, str]) -> str | None:
    if "value" in variable:
        value: str = variable["value"]
        for name, known in above.items():
            value = value.replace(f"$({name})", known)
        assert "$(" not in value, f"{variable['name']} refers to what does not stand above it: {value}"
        return value
    source = variable["valueFrom"]
    if "secretKeyRef" in source:
        return f"<{source['secretKeyRef']['name']}>"
    reference = source["configMapKeyRef"]
    data = named(overlay, "ConfigMap", reference["name"])["data"]
    assert reference.get("optional") or reference["key"] in data, f"no {reference['key']} in {reference['name']}"
    found: str | None = data.get(reference["key"])
    return found


def selects(selector: Manifest, labels: Mapping[str, str]) -> bool:
    """Whether a selector of labels takes these."""
    return all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items())
