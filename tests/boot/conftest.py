# SPDX-License-Identifier: BSD-2-Clause
"""Fixtures of the whole-machine tests: builds to boot, and machines to boot them on.

    scripts/test --boot                 all of the default run
    /usr/bin/python3 -m pytest tests/boot -k crash      some, while working on them
"""
import pathlib
import sys
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'scripts'))

import report_schema  # noqa: E402 (the path above comes first)
from ashlar import Failure, build as builds, qemu10  # noqa: E402
from ashlar.machine import Machine  # noqa: E402
from ashlar.session import Session  # noqa: E402
from ashlar.timeout import Timeout  # noqa: E402

# A boot takes a few seconds; this long without output, corrected by the host's load, means that it hangs.
HANG_SECONDS = 120
PROMPT = r'^ashlar> '


def wait_until(ask, is_wanted=bool):
    """The first wanted answer; that there is none for a long time is a hang."""
    hang = Timeout(HANG_SECONDS)
    while not is_wanted(answer := ask()):
        assert not hang.has_expired(None), answer
        time.sleep(0.1)
    return answer


def pytest_addoption(parser):
    parser.addoption(
        '--matrix', action='store_true', help='all machines of machines.toml, not only its cover'
    )
    parser.addoption('--only', default='', metavar='NAME', help='the tests that have it in their title')
    parser.addoption('--shard', default='1/1', metavar='I/N', help='the I-th of N equal parts of the tests')


def title(item):
    """A test's name as scripts/test prints it."""
    return f'boot: {item.module.__name__}: {item.name}'


def pytest_collection_modifyitems(config, items):
    """Those with the name that --only holds; of these every N-th, so that neighbours, which cost alike, are spread
    over the shards."""
    name = config.getoption('--only')
    unwanted = [item for item in items if name not in title(item)]
    config.hook.pytest_deselected(items=unwanted)
    items[:] = [item for item in items if name in title(item)]
    index, count = map(int, config.getoption('--shard').split('/'))
    if not 1 <= index <= count:
        raise pytest.UsageError('--shard I/N wants 1 <= I <= N')
    chosen = items[index - 1 :: count]
    config.hook.pytest_deselected(items=[item for item in items if item not in set(chosen)])
    items[:] = chosen


@pytest.fixture(scope='session')
def build():
    """build(name): that variant with its image and ISO, brought up to date once a session."""
    done = {}

    def get(name='gcc-O2-checked'):
        if name not in done:
            done[name] = builds.variant(name)
            done[name].compile(builds.ELF, builds.ISO)
        return done[name]

    return get


@pytest.fixture
def start(build, tmp_path):
    """start(machine words...): a running session; stopped when the test ends.

    @image: boots this file instead of the build's. @qmp: with a control socket.
    """
    sessions = []

    def start_machine(image=None, build_name='gcc-O2-checked', qmp=False, no_reboot=True, **words):
        machine = Machine(restarts=not no_reboot, **words)
        folder = tmp_path / f'machine{len(sessions)}'
        folder.mkdir()
        image = image or build(build_name).image_for(machine, folder)
        session = Session.of(machine, image, folder, qmp=qmp)
        sessions.append(session)
        return session.start()

    yield start_machine
    for session in sessions:
        session.stop()
    for session in sessions:
        assert not report_schema.complaints(session.stream().objects)


@pytest.fixture
def boot(start):
    """boot(commands, machine words...): the outcome of a machine that runs @commands and leaves."""

    def boot_machine(commands, timeout=HANG_SECONDS, cmdline='', **words):
        cmdline = f'run="{commands}" {cmdline}'.strip()
        return start(cmdline=cmdline, **words).wait(timeout)

    return boot_machine


@pytest.fixture(scope='session')
def newer_qemu():
    try:
        return qemu10.find()
    except Failure as failure:
        pytest.skip(f'no QEMU 10 from bookworm-backports: {str(failure).splitlines()[-1]}')


@pytest.fixture
def start_newer(newer_qemu, start, monkeypatch):
    """start() in the newer QEMU, with commands to run."""
    program, needs = newer_qemu
    monkeypatch.setenv('ASHLAR_QEMU', program)

    def start_machine(commands, extra=(), cmdline='', **words):
        return start(extra=(*needs, *extra), cmdline=f'run="{commands}" {cmdline}'.strip(), **words)

    return start_machine
