"""`python -m deploy.manifests PROGRAMS`: renders the overlays where kustomize is installed, then checks them all.

PROGRAMS is the folder with kubernetes-validate and checkov. A complaint ends it with 1 and a message.
"""

import sys
from pathlib import Path

import yaml

from deploy.manifests.checking import insecure, invalid
from deploy.manifests.rendering import OVERLAYS, RenderingFailed, is_fresh, kustomize, render, rendered


def main(programs: Path) -> list[str]:
    """Render and check; returns the complaints, a line each."""
    command = kustomize()
    if command is None:
        print("neither kubectl nor kustomize is here: only the existing renderings and their digests are checked")
    wrong = []
    for overlay in OVERLAYS:
        try:
            if command is not None:
                wrong += _write(overlay, render(command, overlay))
        except RenderingFailed as failure:
            wrong.append(str(failure))
            continue
        if not is_fresh(overlay):
            wrong.append(f"{overlay}: the rendering is out of date; `make manifests` with kubectl renders it")
            continue
        wrong += [*invalid(programs, overlay), *insecure(programs, overlay)]
        print(f"{rendered(overlay)} is checked")
    return wrong


def _write(overlay: str, text: str) -> list[str]:
    """Keep a rendering; returns a complaint if the file with the same digest differed."""
    file = rendered(overlay)
    by_hand = is_fresh(overlay) and list(yaml.safe_load_all(text)) != list(yaml.safe_load_all(file.read_text()))
    file.write_text(text)
    return [f"{overlay}: {file} was changed by hand; it is now the output of kustomize"] if by_hand else []


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m deploy.manifests PROGRAMS")
    sys.exit("\n".join(main(Path(sys.argv[1]))) or 0)
