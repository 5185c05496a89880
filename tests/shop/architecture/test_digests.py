"""Images of others are pinned as far as deploy/digests.yaml has their digests, which names those that are not yet."""

import re
from pathlib import Path

import pytest
import yaml

from deploy.checkout import CHECKOUT
from deploy.digests import images_in_use, look_up, pinned_files, read_digests

DIGEST = f"sha256:{'0123456789abcdef' * 4}"
COMPOSE = yaml.safe_load((CHECKOUT / "docker-compose.yml").read_text())["services"]


def test_every_image_in_use_is_listed_with_its_digest_or_as_not_pinned_yet() -> None:
    listed = read_digests()
    assert listed.keys() == images_in_use(), "run `python -m deploy.digests`"
    assert {service["image"] for service in COMPOSE.values() if "build" not in service} <= listed.keys()
    for image, digest in listed.items():
        assert digest is None or re.fullmatch(r"sha256:[0-9a-f]{64}", digest), image
    print("not pinned yet:", *(image for image, digest in listed.items() if digest is None))


@pytest.mark.parametrize("file", pinned_files({}), ids=lambda file: file.name)
def test_what_uses_the_digests_is_made_from_them(file: Path) -> None:
    assert file.read_text() == pinned_files(read_digests())[file], "run `python -m deploy.digests`"


def test_with_all_digests_no_service_of_compose_is_left_to_a_tag() -> None:
    texts = pinned_files(dict.fromkeys(images_in_use(), DIGEST))
    (compose,) = (yaml.safe_load(text)["services"] for file, text in texts.items() if file.parent == CHECKOUT)
    for name, service in COMPOSE.items():
        if "build" in service:
            assert compose[name]["build"]["args"]["PYTHON"] == f"python:3.13-slim@{DIGEST}"
        else:
            assert compose[name]["image"] == f"{service['image']}@{DIGEST}"


def test_with_all_digests_every_server_in_kubernetes_is_pinned() -> None:
    texts = {
        file.name: yaml.safe_load(text) for file, text in pinned_files(dict.fromkeys(images_in_use(), DIGEST)).items()
    }
    assert {"name": "rabbitmq", "digest": DIGEST} in texts["kustomization.yaml"]["images"]
    assert texts["redis-digests.yaml"]["image"]["tag"] == f"8.0-alpine@{DIGEST}"


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (f'[ "$4" = redis:8.0 ] && echo {DIGEST}', DIGEST),
        ("echo not found >&2; exit 1", None),
        ("echo 8.0", None),
    ],
)
def test_a_digest_is_what_the_registry_says_and_nothing_else(
    script: str, expected: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker = tmp_path / "docker"
    docker.write_text(f"#!/bin/sh\n{script}\n")
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert look_up("redis:8.0") == expected


def test_without_docker_there_is_no_digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert look_up("redis:8.0") is None
