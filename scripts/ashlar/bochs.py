# SPDX-License-Identifier: BSD-2-Clause
"""Boots a Machine in Bochs, which needs a configuration file and a reader of the serial line.

Bochs has no debug-exit port and no kernel command line (no fw_cfg): the ISO carries the options,
and the session ends with the verdict.
"""
import os
import socket
import sys
import termios
import threading
import tty

from ashlar import Failure

# QEMU's names that tests use, and Bochs' names for them. Other names are used as Bochs' own.
CPU_MODELS = {
    '': 'corei7_haswell_4770',
    'max': 'corei7_icelake_u',
    'qemu64': 'athlon64_clawhammer',
    'Nehalem': 'corei5_lynnfield_750',
    'Haswell': 'corei7_haswell_4770',
}

# Bochs' time passes with its instructions. SeaBIOS waits 2.5 s for a key; of more instructions a second all that comes of
# it is a longer wait.
INSTRUCTIONS_PER_SECOND = 50000000

# Bochs' own BIOS puts the ACPI tables where GRUB 2.06's heap ends, and GRUB then stops with "free magic is
# broken". SeaBIOS leaves a gap.
BIOS = [
    '/usr/share/seabios/bios-256k.bin',
    '/usr/share/seabios/bios.bin',
    '/usr/share/qemu/bios-256k.bin',
    '/usr/share/bochs/BIOS-bochs-latest',
]
VGA_BIOS = [
    '/usr/share/vgabios/vgabios.bin',
    '/usr/share/bochs/VGABIOS-lgpl-latest',
    '/usr/share/bochs/VGABIOS-lgpl-latest.bin',
]
LEAVE_KEY, LEAVE_LETTER = b'\x01', b'x'


def first_existing(paths):
    for path in paths:
        if os.path.exists(path):
            return path
    raise Failure(f'none of these files is here: {" ".join(paths)}')


def bochsrc(machine, iso, serial_port, folder):
    """The text of a bochsrc: @machine with @iso in its CD drive and COM1 on a local TCP port. @folder: of its log."""
    megabytes = machine.memory_bytes >> 20
    # Bochs allocates all of the guest's memory; above 1 GiB it pages parts of it.
    host_megabytes = min(megabytes, 1024)
    # Without options that name a display, one that needs no screen and no viewer.
    display = {'none': 'rfb, options="timeout=0"'}.get(machine.display, machine.display)
    lines = [
        f'display_library: {display}',
        f'memory: guest={megabytes}, host={host_megabytes}',
        f'cpu: model={CPU_MODELS.get(machine.cpu, machine.cpu)}, count={machine.smp}, '
        f'ips={INSTRUCTIONS_PER_SECOND}, reset_on_triple_fault=0',
        f'romimage: file={first_existing(BIOS)}',
        f'vgaromimage: file={first_existing(VGA_BIOS)}',
        f'ata0-master: type=cdrom, path="{iso}", status=inserted',
        'boot: cdrom',
        f'com1: enabled=1, mode=socket-client, dev=127.0.0.1:{serial_port}',
        'sound: driver=dummy, waveoutdrv=dummy, waveindrv=dummy, midioutdrv=dummy',
        'speaker: enabled=0',
        'clock: sync=none',
        f'log: {folder}/bochs.log',
        'panic: action=report',
        'mouse: enabled=0',
        *machine.extra,
    ]
    return '\n'.join(lines) + '\n'


class SerialLine:
    """The other end of COM1: keeps the log and, in an interactive session, is the terminal. Ctrl-A X
    leaves, as in QEMU.
    """

    def __init__(self, log_path, interactive):
        self.log_path = log_path
        self.interactive = interactive
        self.left = False
        self.connection = None
        self.saved_terminal = None
        self.listener = socket.socket()
        self.listener.bind(('127.0.0.1', 0))
        self.listener.listen(1)
        self.port = self.listener.getsockname()[1]

    def start(self):
        threading.Thread(target=self._receive, daemon=True).start()

    def _receive(self):
        try:
            self.connection, _ = self.listener.accept()
            if self.interactive:
                threading.Thread(target=self._type, daemon=True).start()
            with open(self.log_path, 'ab', buffering=0) as log:
                while data := self.connection.recv(4096):
                    log.write(data)
                    if self.interactive:
                        sys.stdout.buffer.write(data)
                        sys.stdout.buffer.flush()
        except OSError:
            pass  # closed under us: the session is over

    def _type(self):
        terminal = sys.stdin.fileno()
        if os.isatty(terminal):
            self.saved_terminal = termios.tcgetattr(terminal)
            tty.setraw(terminal)
        before = b''
        while key := os.read(terminal, 1):
            if before == LEAVE_KEY and key.lower() == LEAVE_LETTER:
                self.left = True
                return
            if key != LEAVE_KEY:
                self.send(key)
            before = key

    def send(self, data):
        if self.connection:
            self.connection.sendall(data)

    def close(self):
        if self.saved_terminal:
            termios.tcsetattr(sys.stdin.fileno(), termios.TCSADRAIN, self.saved_terminal)
            self.saved_terminal = None
        for end in (self.connection, self.listener):
            if end:
                end.close()
