# SPDX-License-Identifier: BSD-2-Clause
"""One boot: the emulator's process, the machine's serial output, the input to it.

    with Session.of(machine, image, folder) as session:
        session.expect(r'ashlar> ', 30)
        session.type('exit\\n')
        outcome = session.wait(30)

The serial log is a file that the emulator (or, for Bochs, a thread of ours) appends to; expect()
reads on in it from where it last stopped. A timeout here is only there to notice a hang: of a machine that prints
nothing, on a host whose load is taken off (timeout.py).

A machine that hangs is sent an NMI before it is stopped: each CPU then reports where it is.

A machine that a script waits for must not reset itself: QEMU then ends, and reports that over a socket.
"""
import contextlib
import dataclasses
import json
import pathlib
import re
import shlex
import socket
import subprocess
import sys
import time

from ashlar import Failure, bochs, stream
from ashlar.machine import QEMU_STATUS, qemu_command
from ashlar.relay import Relay
from ashlar.timeout import Timeout
from ashlar.serial_text import ESCAPE

POLL_SECONDS = 0.05
FIRST_LINES = re.compile(rb'boot: Ashlar \S+, loaded by ')
# A machine that gave its verdict has this long to switch itself off.
GRACE_SECONDS = 5
# After an NMI the CPUs report one after the other. So long without output, all have; one that prints for ever is cut
# off after NMI_PRINTING_FACTOR times as long.
NMI_SECONDS, NMI_PRINTING_FACTOR = 1, 20
NMI_REPORT = b'EXCEPTION 2: '


@dataclasses.dataclass
class Outcome:
    verdict: str  # pass, fail, panic, timeout, no verdict
    exit_status: object  # the emulator's; None when it was stopped from outside
    seconds: float
    stream: stream.Stream
    complaints: list
    silent_after: str = ''  # the last line before it was asked why it hangs

    @property
    def words(self):
        """A sentence or two about a failure."""
        lines = [f'verdict: {self.verdict}, emulator status {self.exit_status}, after {self.seconds:.1f} s']
        lines += [f'complaint: {complaint}' for complaint in self.complaints]
        lines += [f'failed: {name}' for name in self.stream.failed_tests()]
        lines += [f'failed command: {name}' for name in self.stream.failed_commands()]
        lines.append(f'last line: {self.silent_after or self.stream.last_line}')
        return '\n'.join(lines)


class Session:
    """QEMU; BochsSession below is the same for Bochs."""

    def __init__(self, command, folder, interactive=False, qmp=None, may_restart=True, cwd=None):
        self.command = command
        self.folder = pathlib.Path(folder)
        self.cwd = cwd or self.folder  # of the emulator
        self.interactive = interactive
        self.may_restart = may_restart
        self.log_path = self.folder / 'serial.log'
        self.qmp_path = qmp
        self.process = None
        self.cursor = 0
        self.started = 0.0
        self.events = None
        self.relay = None  # of the log, to a standard output that is no terminal
        self.heard = b''  # of the events, once the emulator has ended
        self.silent_from = None  # the length of the log when an NMI was sent to a machine that hangs

    @staticmethod
    def of(machine, image, folder, interactive=False, qmp=False, cwd=None):
        """A session for @machine in whichever emulator it names, not yet started.

        @cwd: of the emulator, by which it understands the paths in machine.extra; default: @folder.
        """
        machine.check()
        folder = pathlib.Path(folder).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        if machine.emulator == 'bochs':
            return BochsSession(machine, image, folder, interactive, cwd)
        # The socket's name must be short: the process runs in the folder.
        command = qemu_command(
            machine,
            pathlib.Path(image).absolute() if image else None,
            folder / 'serial.log',
            interactive,
            'qmp.sock' if qmp else None,
        )
        return Session(
            command, folder, interactive, folder / 'qmp.sock' if qmp else None, machine.may_restart, cwd
        )

    # --- starting and stopping ---

    def start(self):
        self.log_path.write_bytes(b'')
        self.started = time.monotonic()
        self._launch()
        return self

    def _launch(self):
        quiet = (
            {}
            if self.interactive
            else {
                'stdin': subprocess.PIPE,
                'stdout': subprocess.DEVNULL,
                'stderr': open(self.folder / 'emulator.log', 'wb'),
            }
        )
        if self.interactive and not sys.stdout.isatty():
            quiet = {'stdout': subprocess.DEVNULL}
            self.relay = Relay(self.log_path)
        self.events, qemus_end = socket.socketpair()
        self.events.sendall(b'{"execute":"qmp_capabilities"}\n')
        words = [
            '-chardev',
            f'socket,id=events,fd={qemus_end.fileno()}',
            '-mon',
            'chardev=events,mode=control',
        ]
        with qemus_end:
            self.process = subprocess.Popen(
                [*self.command, *words], cwd=self.cwd, pass_fds=[qemus_end.fileno()], **quiet
            )
        if self.relay:
            self.relay.start()

    @staticmethod
    def _has_restarted(log):
        return len(FIRST_LINES.findall(log)) > 1 and stream.Stream(log).has_restarted

    def _reset_itself(self):
        """Whether QEMU ended because the machine requested a reset."""
        if self.events:
            self.events.settimeout(1)
            with contextlib.suppress(OSError):
                while part := self.events.recv(65536):
                    self.heard += part
        return b'"guest-reset"' in self.heard

    def event_names(self):
        """Names of QEMU's events, after wait() has seen it end: SHUTDOWN, GUEST_PANICKED, ..."""
        answers = [json.loads(line) for line in self.heard.splitlines() if line.endswith(b'}')]
        return [answer['event'] for answer in answers if 'event' in answer]

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.relay:
            self.relay.stop()
            self.relay = None
        if self.events:
            self.events.close()
            self.events = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    # --- listening and typing ---

    def log(self):
        return self.log_path.read_bytes()

    def stream(self):
        return stream.Stream(self.log())

    def expect(self, pattern, timeout):
        """Waits for @pattern after the last match; returns the match. Raises when it does not appear."""
        hang = Timeout(timeout)
        while True:
            ended = self.process.poll() is not None
            text = ESCAPE.sub('', self.log().decode('utf-8', 'replace')).replace('\r\n', '\n')
            match = re.compile(pattern, re.MULTILINE).search(text, self.cursor)
            if match:
                self.cursor = match.end()
                return match
            if ended or hang.has_expired(len(text)):
                how = (
                    f'ended with status {self.process.returncode}'
                    if ended
                    else f'said nothing like it in {timeout} s; {self._ask_by_nmi()}'
                )
                raise AssertionError(
                    f'waiting for {pattern!r}: the machine {how}; '
                    f'last line: {stream.Stream(text).last_line}{self.emulator_words()}{self._nmi_reports()}'
                )
            time.sleep(POLL_SECONDS)

    def wait_for_file(self, path, timeout=10):
        """Waits until the emulator has made @path: a socket, a screen dump."""
        hang = Timeout(timeout)
        while not path.exists():
            if hang.has_expired(None) or self.process.poll() is not None:
                raise AssertionError(f'{path.name} did not come{self.emulator_words()}')
            time.sleep(POLL_SECONDS)

    def type(self, text):
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def emulator_words(self):
        """Complaints of the emulator itself."""
        path = self.folder / 'emulator.log'
        text = path.read_text(errors='replace').strip() if path.exists() else ''
        return f'\n{text[-2000:]}' if text else ''

    # --- a machine that hangs ---

    def _ask_by_nmi(self):
        """Sends an NMI to all CPUs, and waits for their reports. Return: how many came, as words."""
        self.silent_from = len(self.log())
        if self.events is None:
            return 'this emulator sends no NMI'
        with contextlib.suppress(OSError):
            self.events.sendall(b'{"execute":"inject-nmi"}\n')
        quiet = Timeout(NMI_SECONDS, printing_factor=NMI_PRINTING_FACTOR)
        while not self._has_ended() and not quiet.has_expired(len(self.log())):
            time.sleep(POLL_SECONDS)
        count = self._nmi_reports().encode().count(NMI_REPORT)
        # Each report begins and ends with it.
        return f'CPUs that said at an NMI where they are: {(count + 1) // 2}'

    def _nmi_reports(self):
        """What it has printed since the NMI."""
        if self.silent_from is None:
            return ''
        return '\n' + self.log()[self.silent_from :].decode('utf-8', 'replace').replace('\r\n', '\n')

    # --- the end ---

    def _has_ended(self):
        return self.process.poll() is not None

    def wait(self, timeout=None):
        """Waits for the machine to exit. @timeout: seconds of silence, or a Timeout.

        Stops it then, soon after its verdict, or when it starts again.
        """
        hang = timeout if isinstance(timeout, Timeout) else Timeout(timeout)
        grace = None
        timed_out = False
        length = 0
        while not self._has_ended():
            log = self.log()
            if timed_out := hang.has_expired(len(log)):
                answer = self._ask_by_nmi()
                break
            if len(log) != length and not self.may_restart and self._has_restarted(log):
                break
            length = len(log)
            if not self.interactive or self.emulator_stays:
                if grace is None and b'"type":"verdict"' in log:
                    grace = Timeout(self.grace_seconds)
                if grace and grace.has_expired(None):
                    break
            time.sleep(POLL_SECONDS)
        # An NMI may also end a machine: one that hangs before the kernel has an IDT.
        status = None if timed_out else self.process.poll()
        has_reset = status is not None and self._reset_itself()
        self.stop()
        outcome = self._judge(status, timed_out, has_reset)
        if timed_out:
            outcome.complaints.append(answer)
            outcome.silent_after = stream.Stream(self.log()[: self.silent_from]).last_line
        return outcome

    # Whether the emulator keeps running after the machine has exited.
    emulator_stays = False
    grace_seconds = GRACE_SECONDS

    def _judge(self, status, timed_out, has_reset):
        log = self.stream()
        verdict = log.verdict()
        complaints = list(log.complaints)
        if has_reset and not log.of_type('verdict') and not log.of_type('reboot'):
            complaints.append('the machine restarted by itself, and was stopped')
        if not log.objects and status == 1:
            raise Failure(f'the emulator did not start: {shlex.join(self.command)}{self.emulator_words()}')
        if timed_out and verdict == stream.NO_VERDICT:
            verdict = 'timeout'
        elif status in QEMU_STATUS and QEMU_STATUS[status] != verdict:
            complaints.append(f'the exit status {status} says {QEMU_STATUS[status]}, the log says {verdict}')
            if verdict == stream.PASS:
                verdict = stream.FAIL
        return Outcome(verdict, status, time.monotonic() - self.started, log, complaints)

    # --- QEMU's own control socket ---

    def qmp(self, command, **arguments):
        """Runs one QMP command and returns its result."""
        if not hasattr(self, '_qmp'):
            self._qmp = self._connect_qmp()
        return self._qmp_ask(command, arguments)

    def press(self, *keys, hold_ms=10):
        """Presses keys together, by QEMU's names for them, and releases them.

        The machine may exit by it, so that QEMU's answer is lost.
        """
        with contextlib.suppress(ConnectionError):
            self.qmp(
                'send-key', keys=[{'type': 'qcode', 'data': key} for key in keys], **{'hold-time': hold_ms}
            )
        # QEMU drops a key that comes while the last one is held.
        time.sleep(0.05)

    def _connect_qmp(self):
        connection = socket.socket(socket.AF_UNIX)
        while True:
            try:
                connection.connect(str(self.qmp_path))
                break
            except OSError:
                if self.process.poll() is not None:
                    raise
                time.sleep(POLL_SECONDS)
        self._qmp = connection.makefile('rw', encoding='utf-8')
        json.loads(self._qmp.readline())
        self._qmp_ask('qmp_capabilities', {})
        return self._qmp

    def _qmp_ask(self, command, arguments):
        self._qmp.write(json.dumps({'execute': command, 'arguments': arguments}) + '\n')
        self._qmp.flush()
        while True:
            line = self._qmp.readline()
            if not line:
                raise ConnectionError(f'QEMU ended before it answered {command}')
            answer = json.loads(line)
            if 'error' in answer:
                raise AssertionError(f'QMP {command}: {answer["error"]}')
            if 'return' in answer:
                return answer['return']


class BochsSession(Session):
    """Bochs: its serial port is a connection to this process, and it does not end by itself."""

    emulator_stays = True
    grace_seconds = 0.2

    def __init__(self, machine, iso, folder, interactive, cwd):
        self.line = bochs.SerialLine(folder / 'serial.log', interactive)
        rc = folder / 'bochsrc'
        rc.write_text(bochs.bochsrc(machine, pathlib.Path(iso).absolute(), self.line.port, folder))
        super().__init__(
            ['bochs', '-q', '-f', str(rc)], folder, interactive, may_restart=machine.may_restart, cwd=cwd
        )

    def _launch(self):
        output = open(self.folder / 'emulator.log', 'wb')
        self.process = subprocess.Popen(
            self.command, cwd=self.cwd, stdin=subprocess.PIPE, stdout=output, stderr=subprocess.STDOUT
        )
        # Debian's Bochs stops in its debugger first.
        self.process.stdin.write(b'c\n')
        self.process.stdin.flush()
        self.line.start()

    def type(self, text):
        self.line.send(text.encode())

    def _has_ended(self):
        return super()._has_ended() or self.line.left

    def stop(self):
        super().stop()
        self.line.close()

    def _judge(self, status, timed_out, has_reset):
        # Bochs' own status does not depend on the machine.
        return super()._judge(None, timed_out, False)
