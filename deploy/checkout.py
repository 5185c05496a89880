"""The folder of this checkout, or of its copy in an image."""

from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
