# SPDX-License-Identifier: BSD-2-Clause
"""Copies a serial log to standard output while the emulator appends to it.

QEMU must not write to a non-blocking socket, which is the standard output under runners in Node.js. Each time it is full,
QEMU 7.2 writes the byte to its log file, and writes it again when it tries once more (chardev/char.c,
qemu_chr_write_buffer()); and the log is what is judged.
"""
import contextlib
import os
import select
import sys
import threading

POLL_SECONDS = 0.02
CHUNK = 65536


class Relay:
    """start() ... stop(), which returns after the last byte was written."""

    def __init__(self, path):
        self.path = path
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def start(self):
        self.thread.start()

    def stop(self):
        self.ended.set()
        self.thread.join()

    def _run(self):
        # A reader that has closed the pipe wants no more.
        with open(self.path, 'rb') as log, contextlib.suppress(BrokenPipeError):
            is_last = False
            while not is_last:
                is_last = self.ended.wait(POLL_SECONDS)
                while data := log.read(CHUNK):
                    _write(data)


def _write(data):
    output = sys.stdout.fileno()
    while data:
        try:
            data = data[os.write(output, data) :]
        except BlockingIOError:
            select.select([], [output], [])
