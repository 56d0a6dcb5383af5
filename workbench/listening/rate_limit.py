"""How fast requests may come: generous to a class of listeners behind one address, tight for a machine that floods."""

from __future__ import annotations

import math
import time

from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

# A trial of one listener is about six requests in five seconds or more. A hundred listeners behind one address (a school, a
# company, the proxy of a Space) are then about 7200 a minute, and all of them enter within the first minutes.
OF_ADDRESS = RateLimitItemPerMinute(15_000)
OF_SESSION = RateLimitItemPerMinute(600)
ENTRIES = RateLimitItemPerHour(600)  # new listeners from one address


class RateLimit:
    """Counts requests in the memory of this process; several replicas allow several times as much.

    Args:
        of_address, of_session, entries: most requests of one address, of one session, and new listeners of one address.
    """

    def __init__(self, of_address: RateLimitItem = OF_ADDRESS, of_session: RateLimitItem = OF_SESSION,
                 entries: RateLimitItem = ENTRIES):
        self._of_address, self._of_session, self._entries = of_address, of_session, entries
        self._counts = SlidingWindowCounterRateLimiter(MemoryStorage())

    def request(self, address: str, session: str = "") -> int:
        """Count a request. session: hash of its token, '' without one.

        Returns:
            0 if it may be served, otherwise the seconds to wait.
        """
        wait = self._hit(self._of_address, "address", address)
        return self._hit(self._of_session, "session", session) if session and not wait else wait

    def entry(self, address: str) -> int:
        """Count a new listener; returns as `request`."""
        return self._hit(self._entries, "entry", address)

    def _hit(self, most: RateLimitItem, kind: str, who: str) -> int:
        if self._counts.hit(most, kind, who):
            return 0
        return max(1, math.ceil(self._counts.get_window_stats(most, kind, who).reset_time - time.time()))
