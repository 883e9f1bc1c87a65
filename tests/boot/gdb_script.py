# SPDX-License-Identifier: BSD-2-Clause
"""gdb's commands on a machine that waits for gdb, or that gdb stops: it is looked at, and changed where it cannot be by
other means."""
import subprocess

from ashlar.timeout import Timeout

# Of QEMU: gdb may attach at any time, and stops the machine then.
SERVER = ('-gdb', 'unix:gdb.sock,server=on,wait=off')
# No instruction is executed before gdb says so.
WAITING = ('-S', *SERVER)
HANG_SECONDS = 120
POLL_SECONDS = 0.5


def execute(session, image, commands):
    """Attaches to the machine and executes @commands with the symbols of @image; the last one is `detach`.
    Return: their output."""
    socket = session.folder / 'gdb.sock'
    session.wait_for_file(socket)
    lines = [
        'set pagination off',
        'set confirm off',
        'set architecture i386:x86-64',
        f'target remote {socket}',
        *commands,
    ]
    return run_gdb(session.folder, [str(image)], lines)


def read_dump(folder, image, dump, commands):
    """Executes @commands on a memory dump of a machine. Return: their output."""
    return run_gdb(folder, ['-iex', 'set osabi GNU/Linux', str(image), '-c', str(dump)], commands)


def run_gdb(folder, arguments, lines):
    script = folder / 'commands.gdb'
    script.write_text('\n'.join(lines) + '\n')
    with subprocess.Popen(
        ['gdb', '-nx', '-batch', *arguments, '-x', str(script)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as gdb:
        output = output_of(gdb)
    assert gdb.returncode == 0, output
    return output


def output_of(process):
    """All that it prints, until it ends. Raises when it does not end."""
    hang = Timeout(HANG_SECONDS)
    while True:
        try:
            return process.communicate(timeout=POLL_SECONDS)[0]
        except subprocess.TimeoutExpired:
            if hang.has_expired(None):
                process.kill()
                raise AssertionError(f'gdb does not end: {process.communicate()[0]}') from None
