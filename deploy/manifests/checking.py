"""Checks rendered manifests with kubernetes-validate and checkov; checks/exceptions.yaml holds the exceptions."""

import json
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from deploy.manifests.rendering import KUBERNETES, rendered

PATIENCE_SECONDS = 300
"""For checkov, which takes a quarter of a minute on an idle machine."""
EXCEPTIONS = KUBERNETES / "checks" / "exceptions.yaml"


def exceptions() -> dict[str, Any]:
    """The content of exceptions.yaml: the Kubernetes version, kinds without a schema, checkov's checks by overlay."""
    content: dict[str, Any] = yaml.safe_load(EXCEPTIONS.read_text())
    return content


def documents(overlay: str) -> list[dict[str, Any]]:
    """The rendered objects of an overlay."""
    return [document for document in yaml.safe_load_all(rendered(overlay).read_text()) if document]


def invalid(programs: Path, overlay: str) -> Iterator[str]:
    """The complaints of kubernetes-validate --strict about the overlay's objects of Kubernetes' own kinds."""
    allowed = exceptions()
    without_schema = allowed["without_schema"]
    checked = [item for item in documents(overlay) if f"{item['apiVersion']}/{item['kind']}" not in without_schema]
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        yaml.safe_dump_all(checked, file)
        file.flush()
        version = str(allowed["kubernetes"])
        command = [str(programs / "kubernetes-validate"), "--strict", "--quiet", "--kubernetes-version", version]
        done = subprocess.run([*command, file.name], capture_output=True, text=True)
    if done.returncode:
        yield f"{overlay}: kubernetes-validate: {(done.stdout + done.stderr).strip()}"


def insecure(programs: Path, overlay: str) -> Iterator[str]:
    """The complaints of checkov about the overlay beyond the exceptions, and the needless exceptions."""
    command = [str(programs / "checkov"), "--framework", "kubernetes", "--output", "json", "--compact"]
    command += ["--file", str(rendered(overlay))]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        yield f"{overlay}: checkov gives no result within {PATIENCE_SECONDS} seconds"
        return
    try:
        failed = json.loads(done.stdout)["results"]["failed_checks"]
    except (ValueError, KeyError, TypeError):
        yield f"{overlay}: checkov gives no result: {(done.stdout + done.stderr).strip()[-500:]}"
        return
    excused: Mapping[str, str] = exceptions()["checkov"][overlay]
    for check in failed:
        if check["check_id"] not in excused:
            yield f"{overlay}: {check['check_id']} {check['check_name']}: {check['resource']}"
    for needless in excused.keys() - {check["check_id"] for check in failed}:
        yield f"{overlay}: exceptions.yaml excuses {needless}, which no object fails"
