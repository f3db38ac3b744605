"""How many requests a caller may send."""

import time
from collections.abc import Callable

__all__ = ["RateLimit"]

_BURST_SECONDS = 2.0
"""What a page sends at once when it opens, or a sender after a pause, is not a flood."""

_CALLERS = 16_384
"""Sweeping as many takes about a millisecond, once in as many new callers at most."""


class RateLimit:
    """A token bucket per caller, in the memory of this process.

    A bucket holds two seconds' worth and is refilled at the rate. Only the moment is kept at
    which it will be full again (the "theoretical arrival time" of the generic cell rate algorithm,
    ITU-T I.371), so a request costs one look-up and one sum. A caller is known by a hash that
    differs from process to process, so no id of a person stays here. Callers whose bucket is full
    are forgotten once there are 16,384. Not safe for threads: it is used on the event loop.

    Parameters
    ----------
    per_second
        The rate; 0: no limit.
    clock
        Seconds that only grow.
    """

    def __init__(self, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.per_second = per_second
        self._clock = clock
        self._interval = 1 / per_second if per_second else 0.0
        # At rates below one request in two seconds a bucket still holds one request.
        self._depth = max(_BURST_SECONDS, self._interval)
        self._full_at: dict[int, float] = {}

    def wait_seconds(self, caller: str) -> float:
        """Count a request; return 0 if it may pass, else after how many seconds it might.

        A request that is refused fills no bucket: whoever keeps trying is not punished for it.
        """
        if not self._interval:
            return 0.0
        now, known_by = self._clock(), hash(caller)
        full_at = max(self._full_at.get(known_by, now), now) + self._interval
        excess = full_at - now - self._depth
        if excess > 1e-9:  # sums of a rounded interval may be that far off
            return excess
        if len(self._full_at) >= _CALLERS and known_by not in self._full_at:
            self._sweep(now)
        self._full_at[known_by] = full_at
        return 0.0

    def _sweep(self, now: float) -> None:
        self._full_at = {known_by: at for known_by, at in self._full_at.items() if at > now}
        if len(self._full_at) >= _CALLERS:  # more than one process can answer within two seconds
            self._full_at.clear()
