# SPDX-License-Identifier: BSD-2-Clause
"""gdb's commands on a stopped or a dead machine show what the kernel knows (docs/debugging.md)."""
import re

import pytest

import gdb_script

from conftest import HANG_SECONDS, PROMPT, wait_until

from ashlar import ROOT

COMMANDS = ('log', 'backtrace', 'locks', 'percpu', 'timers', 'owner', 'slabs')


@pytest.fixture
def machine(start, build):
    """machine(words...): a machine at its prompt, and gdb(commands...), which stops it, and lets it run again."""

    def boot(build_name='gcc-O2-checked', extra=(), **words):
        extra = (*gdb_script.SERVER, *extra)
        session = start(boot='kernel', build_name=build_name, extra=extra, **words)
        session.expect(PROMPT, HANG_SECONDS)
        image = build(build_name).path('kernel64/kernel64')
        source = f'source {ROOT}/scripts/gdb/ashlar.py'
        return session, lambda *commands: gdb_script.execute(session, image, [source, *commands, 'detach'])

    return boot


def log_lines(text):
    return re.findall(r'^(\[ *\d+\.\d{6}\] cpu\d+ .*?)\r?$', text, re.MULTILINE)


def test_each_command_has_help(machine):
    _, gdb = machine()
    said = gdb(*(f'help ashlar-{name}' for name in (*COMMANDS, 'walk', 'symbols', 'connect', 'relocate')))
    assert 'not documented' not in said
    for name in (*COMMANDS, 'walk'):
        assert re.search(rf'^ashlar-{name}\b.*:', said, re.MULTILINE), name


def test_a_wrong_argument_is_refused(machine):
    _, gdb = machine()
    said = gdb(
        *(
            f'python\ntry: gdb.execute("ashlar-{words}")\nexcept gdb.error as error: print(error)\nend'
            for words in (
                'log loud',
                'backtrace 9',
                'locks 1',
                'percpu absent',
                'percpu cpu_number 9',
                'timers 9',
                'owner',
                'slabs absent',
            )
        )
    )
    assert said.count('no CPU 9: there are 1') == 3, said
    assert (
        'usage: ashlar-log' in said and 'usage: ashlar-locks' in said and 'usage: ashlar-owner' in said
    ), said
    assert 'no per-CPU variable absent' in said, said
    assert "no cache absent: 'ashlar-slabs' lists them" in said, said


# ---- the log ----


def shown_log(session):
    """The log as run="log" has shown it."""
    text = session.log().decode()
    return text.split('log, shown again:')[1].split('end of the log')[0]


def test_the_log_in_memory_is_the_log_that_the_monitor_shows(machine):
    session, gdb = machine(smp='2', cmdline='run="log"')
    shown = log_lines(shown_log(session))
    # The refinement of the TSC's rate is logged later.
    assert shown == log_lines(gdb('ashlar-log'))[: len(shown)]
    assert len(shown) > 10
    levels = [len(log_lines(gdb(f'ashlar-log {level}'))) for level in ('error', 'info', 'debug')]
    assert levels[0] == 0 < levels[1] <= levels[2], levels


def test_a_ring_that_has_wrapped_is_read(start, build):
    """It begins 500 bytes before its end, as if lines had been dropped."""
    session = start(boot='kernel', extra=gdb_script.WAITING, cmdline='run="log"')
    image = build().path('kernel64/kernel64')
    ring = "'log/log.c'::ring"
    gdb_script.execute(
        session,
        image,
        ['hbreak kernel64_main', 'continue', 'delete']
        + [
            f'set var {ring}.{field} = {value}'
            for field, value in (('start', 65036), ('end', 65036), ('dropped', 3))
        ]
        + ['detach'],
    )
    session.expect(PROMPT, HANG_SECONDS)
    shown = shown_log(session)
    said = gdb_script.execute(
        session, image, [f'source {ROOT}/scripts/gdb/ashlar.py', 'ashlar-log', 'detach']
    )
    assert '[3 older lines dropped]' in shown and '[3 older lines dropped]' in said, said
    assert len(log_lines(shown)) > 10
    assert log_lines(shown) == log_lines(said)[: len(log_lines(shown))], said


def test_the_log_of_a_dead_machine_without_a_console_is_read(machine):
    """A triple fault, at which QEMU stops; the log was shown nowhere."""
    session, gdb = machine(extra=('-no-shutdown',), qmp=True, cmdline='loglevel=error')
    session.type('crash reset\r')
    wait_until(lambda: session.qmp('query-status')['status'], lambda status: status == 'shutdown')
    said = gdb('ashlar-log', 'ashlar-backtrace')
    assert any('boot: Ashlar' in line for line in log_lines(said)), said
    assert not log_lines(session.log().decode())
    assert re.search(r'^#\d+ .*\bcommand_crash\b', said, re.MULTILINE), said


def test_a_dump_of_a_dead_machine_is_read_after_it(start, build, tmp_path):
    session = start(boot='kernel', smp='2', memory='64M', qmp=True, debug_exit=False)
    session.expect(PROMPT, HANG_SECONDS)
    session.type('crash panic\r')
    session.expect('The machine is halted', HANG_SECONDS)
    session.qmp('dump-guest-memory', paging=True, protocol=f'file:{tmp_path}/dump')
    session.stop()
    said = gdb_script.read_dump(
        tmp_path,
        build().path('kernel64/kernel64'),
        tmp_path / 'dump',
        [
            f'source {ROOT}/scripts/gdb/ashlar.py',
            *(
                f'ashlar-{name}'
                for name in ('log', 'backtrace', 'locks', 'percpu cpu_number', 'timers', 'slabs')
            ),
            "ashlar-owner (char *)'smp/ap.c'::aps + 4",
            'ashlar-walk kernel64_main',
            'ashlar-walk &__data_start',
            'ashlar-walk 0x900000000000',
        ],
    )
    assert any('boot: Ashlar' in line for line in log_lines(said)), said
    assert 'crash_panic' in frames(said, 0) and 'trap_common' in frames(said, 1), said
    assert re.search(r'^cpu 0: holds "log" .*LOCK_LOG', said, re.MULTILINE), said
    assert re.findall(r'^cpu (\d): (\d)$', said, re.MULTILINE) == [('0', '0'), ('1', '1')], said
    assert re.search(r'^cpu 0: \d+ armed', said, re.MULTILINE), said
    assert re.search(r'in use, \d+ bytes were asked for', said), said
    assert rows_of_slabs(said), said
    code, data = re.findall(
        r'^PT\[\d+\] = 0x\w+: (.*)\nP0x[0-9a-f]+, in a page of 4 KiB$', said, re.MULTILINE
    )
    assert 'read-only' in code and 'no-execute' not in code, said
    assert 'writable' in data and 'no-execute' in data, said
    assert '0x0000900000000000 is not canonical' in said, said


# ---- CPUs ----


def frames(said, cpu):
    """The functions of a CPU's backtrace, the innermost first; also those that are found by frame pointers."""
    part = re.search(
        rf'^cpu {cpu}, thread \d+:\n((?:#.*\n|\s.*\n|on another stack.*\n)*)', said, re.MULTILINE
    )
    assert part, said
    return re.findall(r'^(?:#\d+ +(?:0x\w+ in )?|    (?=\w+\+\d+ at ))(\w+)', part[1], re.MULTILINE)


def test_the_backtrace_of_another_cpu_goes_through_the_nmi_that_stopped_it(machine):
    session, gdb = machine(smp='3', debug_exit=False)
    session.type('hold 2 3600000 on\r')
    session.expect(PROMPT, HANG_SECONDS)
    said = gdb('ashlar-backtrace 2')
    assert 'spin' in frames(said, 2) and 'idle_run' in frames(said, 2), said
    assert 'cpu 0,' not in said and 'cpu 1,' not in said, said
    session.type('crash panic\r')
    session.expect('The machine is halted', HANG_SECONDS)
    said = gdb('ashlar-backtrace')
    assert 'panic' in frames(said, 0) and 'crash_panic' in frames(said, 0), said
    stopped = frames(said, 2)
    # The NMI may have interrupted a function that spin() calls, before it had a frame.
    assert {'spin', 'idle_run'} & set(stopped[stopped.index('trap_common') :]), said
    # It was in a function without a frame, on a stack below that of the NMI.
    idle = re.search(r'^cpu 1, thread \d+:\n(.*?)(?=^cpu |\Z)', said, re.MULTILINE | re.DOTALL)[1]
    assert re.search(r'in trap_common .*\n(.*\n)*#\d+ .*\bcpu_interrupts_on_and_(halt|mwait)\b', idle), said
    assert re.search(r'^(#\d+ .*|    )\b(idle_run|wait_for_request)\b', idle, re.MULTILINE), said


def test_percpu_variables_are_each_cpus_own(machine):
    _, gdb = machine(smp='3')
    said = gdb('ashlar-percpu cpu_number', 'ashlar-percpu', 'ashlar-percpu cpu_number 2')
    assert re.findall(r'^cpu (\d): (\d)$', said, re.MULTILINE) == [
        ('0', '0'),
        ('1', '1'),
        ('2', '2'),
        ('2', '2'),
    ]
    assert re.search(r'^timer_queue +\d+ bytes  timer_queue$', said, re.MULTILINE), said
    assert re.search(r'^slab_stacks +\d+ bytes', said, re.MULTILINE), said


# ---- locks ----


def test_a_held_lock_is_shown_with_the_code_that_took_it(machine):
    session, gdb = machine(smp='2')
    session.type('watch date\r')
    said = gdb('hbreak output_write_styled', 'continue', 'ashlar-locks', 'delete')
    assert re.search(
        r'^cpu 0: holds "log" \(0x[0-9a-f]+, LOCK_LOG\)\n(    .*\n)*    output_take', said, re.MULTILINE
    ), said


@pytest.mark.parametrize('name', ['gcc-O2-checked', 'gcc-O2'])
def test_a_waiter_is_shown_with_the_holder(machine, name):
    """CPU 1 is made the owner of CPU 0's timer queue, so that CPU 0 waits for it for ever."""
    session, gdb = machine(name, smp='2')
    gdb("set var 'time/timer.c'::percpu_timer_queue.lock.owner = 1 << 10 | 2")
    session.type('watch date\r')  # it sleeps, by a timer
    said = wait_until(lambda: gdb('ashlar-locks'), lambda said: 'waits for' in said)
    assert re.search(
        r'^cpu 1: holds "timer queue" \(0x[0-9a-f]+, LOCK_TIMER_QUEUE\)$', said, re.MULTILINE
    ), said
    assert re.search(r'^cpu 0: waits for "timer queue" .*, held by cpu 1$', said, re.MULTILINE), said
    known, held = re.search(r'^(\d+) locks known, (\d+) held$', said, re.MULTILINE).groups()
    assert int(known) > 30 and int(held) >= 1, said


# ---- timers ----


def test_timers_are_shown_on_the_cpu_that_armed_them(machine):
    session, gdb = machine(smp='2', cmdline='mcepoll=1000')
    session.type('watch date\r')  # it sleeps, by a second timer
    said = wait_until(lambda: gdb('ashlar-timers', 'ashlar-timers 1'), lambda said: 'set_flag' in said)
    first, second, again = re.split(r'^cpu \d: ', said, flags=re.MULTILINE)[1:]
    (deadline,) = re.findall(
        r'^    at (\d+)\.\d{9} s: look_everywhere\b.*machine_checks\.c', first, re.MULTILINE
    )
    assert 1000 <= int(deadline) < 1100, said
    # The refinement of the TSC's rate may be armed, too.
    assert re.match(r'[23] armed\n    at ', first) and first.index('set_flag') < first.index(
        'look_everywhere'
    ), said
    assert second.split('\n')[0] == again.split('\n')[0] == '0 armed', said


# ---- owners ----


def owners(said):
    return dict(re.findall(r'^(0x[0-9a-f]+):\n((?:    .*\n?)*)', said, re.MULTILINE))


def test_the_owner_of_an_object_is_its_cache_and_in_a_checked_build_its_caller(machine):
    _, gdb = machine(smp='2')
    said = gdb(
        "ashlar-owner (char *)'smp/ap.c'::aps + 4",
        'ashlar-owner slab_caches[20]',  # the allocator's own caches are not checked
        "ashlar-owner &'log/log.c'::ring.end",
        'ashlar-owner $rsp',
        'ashlar-owner (char *)&percpu_cpu_number + \'cpu/percpu.c\'::distances[1]',
        'ashlar-owner 0x123456789000',
    )
    by_kind = list(owners(said).values())
    assert re.search(r'slab 0x\w+ of cache "\S+", objects of \d+ bytes', by_kind[0]), said
    assert re.search(r'object \d+, 0x\w+, at offset 4$', by_kind[0], re.MULTILINE), said
    assert re.search(r'in use, \d+ bytes were asked for', by_kind[0]), said
    assert re.search(r'allocated from \w+', by_kind[0]), said
    assert 'in use' in by_kind[1], said
    assert 'ring+8' in by_kind[2], said
    assert 'stack "boot"' in by_kind[3], said
    assert 'per-CPU variable cpu_number of cpu 1' in by_kind[4], said
    assert 'unknown' in by_kind[5], said


FIND_FREE = '''python
tops = [int(gdb.parse_and_eval(f'(unsigned long)slab_stacks.of[{cache}].top')) for cache in range(64)]
words = [int(gdb.parse_and_eval(f'*(unsigned long *){top}')) for top in tops if top]
gdb.execute(f'ashlar-owner {next(word for word in words if word)}')
end'''


def test_a_free_object_is_found_in_its_magazine(machine):
    _, gdb = machine('gcc-O2')
    said = gdb(FIND_FREE, 'ashlar-owner slab_caches[20]')
    free, used = owners(said).values()
    assert re.search(r'^    free, in a magazine of cpu 0$', free, re.MULTILINE), said
    assert re.search(r'^    in use$', used, re.MULTILINE), said


# ---- slabs ----


def rows_of_slabs(said):
    """Of the monitor's table, or gdb's: the figures of each cache, by name."""
    table = re.findall(r'^([a-z][\w.-]*) +(\d+) +(\d+) +(\d+) +(\d+) +(\d+) +(\d+)\b', said, re.MULTILINE)
    return {name: tuple(map(int, figures)) for name, *figures in table}


@pytest.mark.parametrize('build_name', ['gcc-O2', 'gcc-O2-checked'])
def test_the_caches_are_those_that_the_monitor_shows(machine, build_name):
    """The monitor's table is made with memory for itself, so a few objects more are in use in it."""
    session, gdb = machine(build_name, smp='2', cmdline='run="test slab*; slabs"')
    shown = rows_of_slabs(session.log().decode().replace('\r', ''))
    said = rows_of_slabs(gdb('ashlar-slabs'))
    assert len(shown) > 5 and shown.keys() <= said.keys(), (shown, said)
    for name, (size, in_use, cached, free, slabs, kib) in shown.items():
        of_gdb = said[name]
        assert of_gdb[0] == size and sum(of_gdb[1:4]) * kib == (in_use + cached + free) * of_gdb[5], name
        assert abs(of_gdb[1] - in_use) <= 2, name


def test_the_callers_of_a_checked_cache_are_shown(machine):
    """One object for each application processor."""
    _, gdb = machine(smp='3')
    (name,) = re.findall(r'of cache "(\S+)"', gdb("ashlar-owner 'smp/ap.c'::aps"))
    said = gdb(f'ashlar-slabs {name}')
    assert re.search(r'^ +2 allocated from \w+\+\d+ at kernel64/smp/ap\.c:\d+$', said, re.MULTILINE), said


def test_a_cache_that_is_not_checked_has_no_callers(machine):
    _, gdb = machine('gcc-O2')
    assert re.search(r'^ +\d+ objects in use; callers unknown', gdb('ashlar-slabs slab'), re.MULTILINE)
