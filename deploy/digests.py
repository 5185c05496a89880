"""Pins the images of others by digest: `python -m deploy.digests`, where a registry and docker buildx are at hand.

deploy/digests.yaml holds a digest for each image, or null where none has been looked up yet. From it come the files
that use them: an overlay of compose, a component of the production overlay, values for Redis's chart. Tags stay in the
files that people edit; whoever changes a tag looks the digests up again.
"""

import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from deploy.checkout import CHECKOUT
from deploy.manifests.rendering import KUBERNETES

FILE = CHECKOUT / "deploy/digests.yaml"
_OURS = ("twinpath/", "registry.example.com/")
_COMPOSE = CHECKOUT / "docker-compose.yml"
_DOCKERFILE = CHECKOUT / "deploy/Dockerfile"
_REDIS = KUBERNETES / "overlays/production/redis-values.yaml"
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")

Digests = Mapping[str, str | None]


def images_in_use() -> set[str]:
    """Every image of others, with its tag, in compose, in the sources of Kubernetes, and below our own."""
    files = [
        _COMPOSE,
        *(file for part in ("base", "components", "overlays") for file in (KUBERNETES / part).rglob("*.yaml")),
    ]
    named = {name for file in files for name in re.findall(r"\bimage: \"?([\w./-]+:[\w.-]+)", file.read_text())}
    chart = yaml.safe_load(_REDIS.read_text())["image"]
    named |= {f"{chart['repository']}:{chart['tag']}", _base()}
    return {name for name in named if not name.startswith(_OURS)}


def read_digests(file: Path = FILE) -> dict[str, str | None]:
    """Image -> its digest, or None."""
    content: dict[str, str | None] = yaml.safe_load(file.read_text())
    return content


def look_up(image: str) -> str | None:
    """The digest that the image's registry gives for its tag now, of all platforms; None where it gives none."""
    command = ["docker", "buildx", "imagetools", "inspect", image, "--format", "{{.Manifest.Digest}}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return None
    digest = done.stdout.strip()
    return digest if done.returncode == 0 and _DIGEST.fullmatch(digest) else None


def pinned_files(digests: Digests) -> dict[Path, str]:
    """The files that use the digests, and their content; an image without one stays as its tag says."""
    return {
        CHECKOUT / "docker-compose.digests.yml": _text(
            "With each image pinned: docker compose -f docker-compose.yml -f docker-compose.digests.yml up",
            {"services": _compose(digests)},
        ),
        KUBERNETES / "components/digests/kustomization.yaml": _text(
            "The images of the servers and tools of others, pinned.",
            {
                "apiVersion": "kustomize.config.k8s.io/v1alpha1",
                "kind": "Component",
                "configurations": ["fields.yaml"],
                "images": [
                    {"name": image.rpartition(":")[0], "digest": digest}
                    for image, digest in sorted(digests.items())
                    if digest and image != _base() and image != _chart_image()
                ],
            },
        ),
        KUBERNETES / "overlays/production/redis-digests.yaml": _text(
            "Beside redis-values.yaml, as a further --values.", _chart(digests)
        ),
    }


def _compose(digests: Digests) -> dict[str, Any]:
    services: dict[str, Any] = {}
    for name, service in yaml.safe_load(_COMPOSE.read_text())["services"].items():
        if digest := digests.get(service["image"]):
            services[name] = {"image": f"{service['image']}@{digest}"}
        elif "build" in service and (digest := digests.get(_base())):
            services[name] = {"build": {"args": {"PYTHON": f"{_base()}@{digest}"}}}
    return services


def _chart(digests: Digests) -> dict[str, Any]:
    digest = digests.get(_chart_image())
    return {"image": {"tag": f"{_chart_image().rpartition(':')[2]}@{digest}"}} if digest else {}


def _chart_image() -> str:
    chart = yaml.safe_load(_REDIS.read_text())["image"]
    return f"{chart['repository']}:{chart['tag']}"


def _base() -> str:
    """The image that ours are made from."""
    base = re.search(r"^ARG PYTHON=(\S+)", _DOCKERFILE.read_text(), re.MULTILINE)
    assert base, "the Dockerfile names its base"
    return base[1]


def _text(purpose: str, content: dict[str, Any]) -> str:
    made = f"# {purpose}\n# Made by `python -m deploy.digests` from deploy/digests.yaml. Change that, not this.\n"
    return made + yaml.safe_dump(content, sort_keys=False)


def main() -> list[str]:
    """Look up what the registries have and write the files; the images that stay without a digest."""
    digests = {image: look_up(image) or read_digests().get(image) for image in sorted(images_in_use())}
    head = "".join(line for line in FILE.read_text().splitlines(keepends=True) if line.startswith("#"))
    FILE.write_text(head + yaml.safe_dump(digests))
    for file, text in pinned_files(digests).items():
        file.write_text(text)
    return [image for image, digest in digests.items() if digest is None]


if __name__ == "__main__":
    if unpinned := main():
        sys.exit(f"without a digest: {', '.join(unpinned)}")
