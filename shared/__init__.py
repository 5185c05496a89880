"""Contracts and adapters that the services share; never a business rule."""

import twinpath.running.wait_for  # noqa: F401 - before any library that uses asyncio.wait_for
