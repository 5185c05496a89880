"""Each image's program starts with its own extra and the code that its image holds, and with nothing else."""

import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

import httpx
import pytest

from deploy.checkout import CHECKOUT
from deploy.local.ports import HOST, hold_port
from deploy.local.process import Process
from tests.support.extras import IMAGES, packages_of

ROOT = CHECKOUT
PYTHON = [sys.executable, "-S"]
"""Without site-packages: what the environment's PYTHONPATH does not hold can't be imported."""


def site_of(folder: Path, extras: list[str], *ours: str) -> dict[str, str]:
    """Links to these extras' packages and to these of our own; the environment in which only they can be imported."""
    site = folder / "site"
    site.mkdir()
    for name in packages_of(extras):
        installed = distribution(name)
        for top in {file.parts[0] for file in installed.files or ()} - {"..", "__pycache__"}:
            if not (site / top).exists():
                (site / top).symlink_to(Path(str(installed.locate_file(top))))
    for own in ours:
        (site / own).symlink_to(ROOT / own)
    (site / "twinpath.dist-info").mkdir()
    (site / "twinpath.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: twinpath\nVersion: 0\n")
    return {"PYTHONPATH": str(site)}


@pytest.mark.parametrize("service", ["command", "projector", "query"])
def test_a_service_starts_with_no_other_extra_and_answers_while_every_server_is_away(
    service: str, tmp_path: Path
) -> None:
    nobody, port = hold_port(), hold_port()
    environment = {
        **site_of(tmp_path, IMAGES[service], "twinpath", "shared", f"{service}_service"),
        "TWINPATH_PORT": str(port.release()),
        "TWINPATH_MONGODB_URL": f"mongodb://{HOST}:{nobody.number}/",
        "TWINPATH_RABBITMQ_URL": f"amqp://{HOST}:{nobody.number}/",
        "TWINPATH_REDIS_URL": f"redis://{HOST}:{nobody.number}/",
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{HOST}:{nobody.number}",
    }
    alone = Process(service, [*PYTHON, "-m", f"{service}_service"], tmp_path / "log", environment, tmp_path)
    url = f"http://{HOST}:{port.number}"

    def lives() -> bool:
        try:
            return httpx.get(f"{url}/health/live").status_code == 200
        except httpx.HTTPError:
            return False

    try:
        alone.start()
        alone.wait_until(lives, limit=30)
        ready = httpx.get(f"{url}/health/ready", timeout=10)
        assert ready.status_code == 503
        assert ready.json()["dependencies"]["mongodb"]["status"] == "down"
        if service == "command":
            refused = httpx.post(f"{url}/api/v1/tickets", json={"subject": "s", "message": "m"})
            assert (refused.status_code, refused.json()["code"]) == (503, "starting")
    finally:
        alone.stop()
        nobody.release()


PROGRAMS = {
    "tools": (
        "twinpath.cli",
        "server-files",
        ["twinpath", "shared", "command_service", "projector_service", "query_service"],
    ),
    "issuer": ("deploy.issuer", "--memory", []),
}
"""Image -> its program, what its help says, the code in it beside deploy."""


@pytest.mark.parametrize("image", PROGRAMS)
def test_a_program_starts_with_what_its_image_holds(image: str, tmp_path: Path) -> None:
    program, expected, ours = PROGRAMS[image]
    environment = site_of(tmp_path, IMAGES[image], "deploy", *ours)
    command = [*PYTHON, "-m", program, "--help"]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert expected in done.stdout
