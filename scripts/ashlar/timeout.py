# SPDX-License-Identifier: BSD-2-Clause
"""When a machine is hung: it has printed nothing for as long as it would need on a dedicated host.

A second counts for what share of a CPU each runnable task of the host can have in it: a quarter of a second where four
tasks share each CPU. Whenever the machine prints, the time begins again. A machine that prints for ever is stopped
too, after PRINTING_FACTOR times as long.
"""
import os
import time

PRINTING_FACTOR = 20
# A longer gap between two checks than this means that the host slept or the process was stopped.
LONGEST_STEP_SECONDS = 5


def host_share():
    """Of a CPU, what one more task gets on this host now: 1 where it is idle."""
    try:
        return min(1.0, (os.cpu_count() or 1) / max(os.getloadavg()[0], 1.0))
    except OSError:
        return 1.0


class Timeout:
    def __init__(self, seconds, now=time.monotonic, share=host_share, printing_factor=PRINTING_FACTOR):
        """@seconds: None: no limit."""
        self.seconds = seconds
        self._printing_factor = printing_factor
        self._now, self._share = now, share
        self._last = now()
        self._progress = None
        self._silent = self._whole = 0.0

    def has_expired(self, progress):
        """@progress: any value that differs once the machine has printed more. Called repeatedly."""
        now = self._now()
        step = min(now - self._last, LONGEST_STEP_SECONDS) * self._share()
        self._last = now
        self._whole += step
        self._silent = self._silent + step if progress == self._progress else 0.0
        self._progress = progress
        return self.seconds is not None and (
            self._silent > self.seconds or self._whole > self._printing_factor * self.seconds
        )
