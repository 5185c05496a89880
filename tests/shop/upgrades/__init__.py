"""Data that earlier versions wrote, how it was made, and what is expected of it under the version of today."""
