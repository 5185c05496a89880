"""Carries out the timers of one process as they come due, each by itself: a bad one parks alone."""

import asyncio
import json
from datetime import datetime, timedelta

import structlog

from twinpath.commands.envelope import Envelope
from twinpath.commands.processes.means import Means, derived_id
from twinpath.commands.processes.stored_commands import stored_command
from twinpath.commands.processes.timers import OldTimer, Timer
from twinpath.domain.aggregate import Command
from twinpath.domain.process import Process
from twinpath.errors import RuleViolation, TwinpathError
from twinpath.projecting.parking.setting_aside import MOST_REASON
from twinpath.running.retrying import WAITED_OUT

_ATTEMPTS = 6
_SIDE_BY_SIDE = 32

_log = structlog.get_logger(__name__)


class DueTimers:
    """The timers of one process."""

    def __init__(self, process: Process, means: Means) -> None:
        self._process = process
        self._means = means
        self._side_by_side = asyncio.Semaphore(_SIDE_BY_SIDE)
        self._has_old = type(process).old_timer is not Process.old_timer

    async def carry_out(self) -> int:
        """Carry out, or end, what is due; how much was. Raises Unavailable."""
        now = self._means.clock()
        if self._has_old:
            for old in await self._means.timers.old_due(now):
                await self._adopt(old, now)
        due = await self._means.timers.due(self._process.name, now)
        return sum(await asyncio.gather(*(self._carry_out(timer) for timer in due)))

    async def parked(self) -> int:
        """How many are parked. Raises Unavailable."""
        return await self._means.timers.parked_count(self._process.name)

    async def _adopt(self, old: OldTimer, now: datetime) -> None:
        """Take over a timer of version 0.1; older replicas may set more of them while both are at work."""
        command = self._process.old_timer(old.kind, old.stream, now)
        if command is not None:
            payload = command.model_dump_json(exclude={"at"})
            place = (self._process.name, old.kind, old.stream, old.due, command.type, payload)
            await self._means.timers.put(Timer(*place, old.cause, old.due, old.correlation_id))
            await self._means.timers.forget_old(old)

    async def _carry_out(self, timer: Timer) -> bool:
        """Whether it is done with: else a store was away, and it stays due."""
        async with self._side_by_side:
            try:
                if not await self._is_needless(timer):
                    await self._send(timer)
            except WAITED_OUT:
                return False
            except RuleViolation as refusal:  # what it was for has come about meanwhile
                _log.info(
                    "timer_refused", process=timer.process, kind=timer.kind, stream=timer.stream, code=refusal.code
                )
            except Exception as error:
                await self._postpone(timer, error)
                return True
            await self._means.timers.carried_out(timer)
        return True

    async def _send(self, timer: Timer) -> None:
        command = self._command_of(timer)
        envelope = Envelope(
            command,
            actor=timer.process,
            correlation_id=timer.correlation_id,
            causation_id=timer.cause,
            derived_id=derived_id(timer.cause, command, timer.key),
        )
        await self._means.bus.handle(envelope)
        _log.info("timer_carried_out", process=timer.process, kind=timer.kind, stream=timer.stream)

    def _command_of(self, timer: Timer) -> Command:
        command = stored_command(self._means.deciders, timer.command, timer.stream)
        return command.model_validate({**json.loads(timer.payload), "at": self._means.clock()})

    async def _is_needless(self, timer: Timer) -> bool:
        """Whether the stream has had the event that makes the timer needless since the timer was set."""
        if timer.unless is None:
            return False
        stream, _, version = timer.cause.rpartition("@")
        after = int(version) if stream == timer.stream else 0
        return await self._means.store.has_event(timer.stream, timer.unless, after)

    async def _postpone(self, timer: Timer, error: Exception) -> None:
        ours = isinstance(error, TwinpathError | LookupError)  # the words of others may hold personal data
        reason = f"{type(error).__name__}{f': {error}' if ours else ''}"[:MOST_REASON]
        until = None
        if timer.attempts + 1 < _ATTEMPTS:
            until = self._means.clock() + timedelta(seconds=2**timer.attempts)
        else:
            _log.error("timer_parked", process=timer.process, kind=timer.kind, stream=timer.stream, reason=reason)
        await self._means.timers.postpone(timer, reason, until)
