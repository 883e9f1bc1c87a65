# SPDX-License-Identifier: BSD-2-Clause
"""A machine's memory before the first instruction of the stub: the part of QEMU's gdb protocol that tests need.

    with GdbStub(path) as gdb:
        gdb.run_to(entry)
        gdb.write(0x40e, b'\\0\\x80')
        gdb.go_on()

For values that no boot loader can be made to pass: an EBDA pointer, a memory map, a root pointer, a framebuffer. Source: GDB
manual, "GDB Remote Serial Protocol".
"""
import socket
import time

RAX, RBX = 0, 1
CHUNK = 1024
SECONDS = 120  # only to notice a hang


class GdbStub:
    """@path: of the socket, `-gdb unix:PATH,server=on,wait=off`; the machine was started with -S."""

    def __init__(self, path):
        end = time.monotonic() + SECONDS
        self.connection = socket.socket(socket.AF_UNIX)
        while True:
            try:
                self.connection.connect(str(path))
                break
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)
        self.connection.settimeout(SECONDS)
        self.buffer = b''

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    # --- packets ---

    def _send(self, text):
        data = text.encode()
        self.connection.sendall(b'$' + data + b'#%02x' % (sum(data) & 0xFF))

    def _receive(self):
        while True:
            start, end = self.buffer.find(b'$'), self.buffer.find(b'#')
            if 0 <= start < end and len(self.buffer) >= end + 3:
                packet, self.buffer = self.buffer[start + 1 : end], self.buffer[end + 3 :]
                self.connection.sendall(b'+')
                return packet.decode('latin-1')
            more = self.connection.recv(65536)
            assert more, 'the gdb stub has closed the connection'
            self.buffer += more

    def _ask(self, text):
        self._send(text)
        return self._receive()

    # --- what a test does ---

    def run_to(self, address):
        """Lets the machine run to its first instruction at @address, by a hardware breakpoint."""
        assert self._ask(f'Z1,{address:x},1') == 'OK'
        self._send('c')
        answer = self._receive()
        assert answer[0] in 'ST', answer
        assert self._ask(f'z1,{address:x},1') == 'OK'

    def register(self, number):
        # All of them: a single one is available only after a request for the description of registers.
        every = bytes.fromhex(self._ask('g'))
        return int.from_bytes(every[8 * number : 8 * number + 8], 'little')

    def read(self, address, size):
        data = b''
        while len(data) < size:
            part = min(CHUNK, size - len(data))
            data += bytes.fromhex(self._ask(f'm{address + len(data):x},{part:x}'))
        return data

    def write(self, address, data):
        for at in range(0, len(data), CHUNK):
            part = data[at : at + CHUNK]
            assert self._ask(f'M{address + at:x},{len(part):x}:{part.hex()}') == 'OK'

    def go_on(self):
        """The machine runs; no more commands are possible."""
        self._send('c')
