"""`python -m deploy.manifests PROGRAMS`: renders the overlays where kustomize is there, then checks them all.

PROGRAMS is the folder with kubernetes-validate and checkov. Ends with 1, and says why, if anything is wrong.
"""

import sys
from pathlib import Path

import yaml

from deploy.manifests.checking import insecure, invalid
from deploy.manifests.rendering import OVERLAYS, RenderingFailed, is_fresh, kustomize, render, rendered


def main(programs: Path) -> list[str]:
    """Render and check; what is wrong, a line each."""
    command = kustomize()
    if command is None:
        print(
            "neither kubectl nor kustomize is here: what is rendered is checked, and whether it is of today's sources"
        )
    wrong = []
    for overlay in OVERLAYS:
        try:
            if command is not None:
                wrong += _write(overlay, render(command, overlay))
        except RenderingFailed as failure:
            wrong.append(str(failure))
            continue
        if not is_fresh(overlay):
            wrong.append(f"{overlay}: what is rendered is out of date; `make manifests` with kubectl renders it")
            continue
        wrong += [*invalid(programs, overlay), *insecure(programs, overlay)]
        print(f"{rendered(overlay)} is checked")
    return wrong


def _write(overlay: str, text: str) -> list[str]:
    """Keep a rendering; a complaint if the one of the same sources was another one."""
    file = rendered(overlay)
    by_hand = is_fresh(overlay) and list(yaml.safe_load_all(text)) != list(yaml.safe_load_all(file.read_text()))
    file.write_text(text)
    return [f"{overlay}: {file} was changed by hand; it is now what kustomize makes"] if by_hand else []


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m deploy.manifests PROGRAMS")
    sys.exit("\n".join(main(Path(sys.argv[1]))) or 0)
