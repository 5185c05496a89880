"""Where this checkout, or what an image holds of it, is."""

from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
