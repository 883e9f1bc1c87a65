# SPDX-License-Identifier: BSD-2-Clause
"""What the scripts say about their progress: on a terminal one line, in a log one a step and one a minute."""
import io
import json

import pytest

from ashlar import boot_tests
from ashlar.progress import Above, Progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Clock:
    seconds = 0.0

    def __call__(self):
        return self.seconds


def test_a_log_has_a_line_a_step_with_the_time_and_the_estimate(tmp_path):
    out, clock = io.StringIO(), Clock()
    shown = Progress(out, now=clock)
    with shown.step('one'):
        clock.seconds = 12.0
    with shown.step('two', about=None) as step:
        step.at(1, 100)
        shown.draw()
        clock.seconds = 32.0
        step.at(50, 100)
        shown.draw()
    assert out.getvalue().splitlines() == [
        '[   0 s] one',
        '[  12 s] two',
        '[  12 s] two: 1 of 100',
        '[  32 s] two: 50 of 100, about 20 s left',
    ]


def test_a_terminal_has_one_line_that_is_erased():
    out = Terminal()
    shown = Progress(out)
    above = Above(out, shown)
    with shown.step('one'):
        above.write('a row of a table\n')
        shown.draw()
    text = out.getvalue()
    assert text.count('\n') == 1
    assert '\r\x1b[Ka row of a table\n' in text
    assert text.endswith('\r\x1b[K')


def test_a_step_within_a_step_is_what_is_shown():
    out = io.StringIO()
    shown = Progress(out, now=Clock())
    with shown.step('outer'):
        with shown.step('inner'):
            shown.draw()
        shown.draw()
    assert [line[9:] for line in out.getvalue().splitlines()] == ['outer', 'inner', 'inner', 'outer']


def test_durations_are_remembered_unless_the_step_fails(tmp_path):
    memory, clock = tmp_path / 'times.json', Clock()
    for seconds in 7.0, 9.0:
        with Progress(io.StringIO(), memory, clock).step('one', about=100):
            clock.seconds += seconds
    assert json.loads(memory.read_text()) == {'one': 9.0}
    out = io.StringIO()
    with pytest.raises(ValueError), Progress(out, memory, clock).step('one', about=100):
        clock.seconds += 50
        raise ValueError
    assert out.getvalue() == '[   0 s] one, about 9 s\n'
    assert json.loads(memory.read_text()) == {'one': 9.0}


@pytest.mark.parametrize('text', ['', '[]', '{"one": "soon"}', '{', '\udcff'])
def test_a_broken_memory_is_no_memory(tmp_path, text, monkeypatch):
    monkeypatch.setattr('os.cpu_count', lambda: 4)
    memory, out = tmp_path / 'times.json', io.StringIO()
    memory.write_bytes(text.encode('utf-8', 'surrogateescape'))
    with Progress(out, memory, Clock()).step('one', about=18):
        pass
    assert out.getvalue() == '[   0 s] one, about 9 s\n'


def test_a_part_of_a_step_has_no_estimate_and_is_not_remembered(tmp_path):
    memory, out = tmp_path / 'times.json', io.StringIO()
    memory.write_text('{"one": 50}')
    with Progress(out, memory, Clock()).step('one'):
        pass
    assert out.getvalue() == '[   0 s] one\n'
    assert json.loads(memory.read_text()) == {'one': 50}


def test_nothing_is_shown_before_a_program_asks_for_it():
    with Progress().step('one', about=9) as step:
        step.at(1, 2)


@pytest.mark.parametrize('count', ['gw0 [4] / gw1 [4]', '2 workers [4 items]'])
def test_the_lines_of_pytest_are_counted_in_both_of_its_forms(count):
    lines = [
        'gw0 I / gw1 I\n',
        f'{count}\n',
        '[gw0] [ 25%] PASSED tests/boot/test_iso.py::test_a[3 items] \n',
        '[gw1] [ 50%] FAILED tests/boot/test_iso.py::test_b \n',
    ]
    with Progress().step('one') as step:
        tail = boot_tests._follow(lines, step)
        assert (step.done, step.total) == (2, 4)
    assert tail == ''.join(lines)
