# SPDX-License-Identifier: BSD-2-Clause
"""What README.md and docs/ state is what this tree has: instructions, sizes, memory; no times, which are the host's."""
import subprocess

import pytest

from ashlar import (
    ROOT,
    Failure,
    bench_boot,
    bench_irq,
    bench_mm,
    bench_smp,
    bench_time,
    figures,
)
from ashlar.bench_results import Results

COMPILER = '12'
# Of the figure, or one in its last digit: who changes a cost by more states it.
TOLERANCE = 0.05


def measure_mm(results, variant, folder):
    bench_mm.show_kernel_rows(results, variant, folder, with_peer=False)
    bench_mm.measure_space(results, variant, folder)


# What is measured, and how many of the stated figures it has at least.
PARTS = {
    'boot': (bench_boot.measure_instructions, 10),
    'sizes': (lambda results, variant, _folder: bench_boot.measure_sizes(results, variant), 5),
    'irq': (lambda *words: bench_irq.run(*words, None), 3),
    'mm': (measure_mm, 15),
    'time': (lambda *words: bench_time.measure_counts(*words, with_peer=False), 5),
    'smp': (lambda *words: bench_smp.measure_locks(*words, {}), 4),
}


@pytest.fixture(scope='module')
def compiler():
    done = subprocess.run(['x86_64-linux-gnu-gcc', '-dumpversion'], capture_output=True, text=True)
    if done.stdout.strip().split('.')[0] != COMPILER:
        pytest.skip(f'the figures are of gcc {COMPILER}')


@pytest.mark.parametrize('part', PARTS)
def test_pages_state_what_is_measured(part, build, compiler, tmp_path):
    measure, least = PARTS[part]
    results = Results()
    measure(results, build('gcc-O2'), tmp_path)
    assert not results.is_missed
    values = figures.values_of(results.objects)
    measured = [
        (figure, exact) for figure in figures.read() if (exact := figures.exact(figure, values)) is not None
    ]
    assert len(measured) >= least, measured
    wrong = [
        f'{figure.page}: {figure.label}: {figure.number}, measured {exact:,}'
        for figure, exact in measured
        if abs(figure.value - exact) > max(figure.step, TOLERANCE * exact)
        or any(name.startswith('target.') for name in figure.names)
        and figure.value != exact
    ]
    assert not wrong, '\n'.join(wrong) + '\nscripts/bench WHAT --no-peer --record writes them'


# --- the reader of the pages -----------------------------------------------------------------------

PAGE = """# Costs

## small

| what | A | B 1.2 | target |
| --- | ---: | ---: | ---: |
| `a` thing | 1,234 | 5.6 M | 9 |
| other (target 7) | 12 KiB (target 13,000) | 0.5 s | |

## large

It takes
1,000 steps.
"""
BINDINGS = """
[[table]]
page = "docs/benchmarks.md"
section = "small"
column = "A"
beside = "target"
[table.rows]
"`a` thing" = "thing"
"other (target 7)" = "other"

[[table]]
page = "docs/benchmarks.md"
section = "small"
column = "B"
[table.rows]
"`a` thing" = ["b", "c"]

[[sentence]]
page = "docs/benchmarks.md"
words = "It takes # steps."
result = "gate.worst.steps"
"""


@pytest.fixture
def tree(tmp_path):
    for name, text in ((figures.PAGE, PAGE), (figures.BINDINGS, BINDINGS)):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / 'tests/bench/instructions.toml').write_text('[gcc-12]\n[worst]\n"worst.steps" = 1000\n')
    return tmp_path


def check(tree):
    """The check's lines but for the last."""
    done = subprocess.run([ROOT / 'scripts/check/figures', tree], capture_output=True, text=True)
    return done.returncode, (done.stdout or done.stderr).splitlines()


def test_figures_are_found_in_tables_and_sentences(tree):
    assert [(figure.names, figure.value) for figure in figures.read(tree)] == [
        (('thing',), 1234),
        (('other',), 12 << 10),
        (('target.other',), 13000),
        (('target.other',), 7),
        (('b', 'c'), 5_600_000),
        (('gate.worst.steps',), 1000),
    ]


def test_two_figures_of_one_result_must_agree(tree):
    status, lines = check(tree)
    assert status == 1 and len(lines) == 2 and '(target.other)' in lines[0], lines
    (tree / figures.PAGE).write_text(PAGE.replace('(target 7)', '').replace('13,000', '13'))
    (tree / figures.BINDINGS).write_text(BINDINGS.replace('other (target 7)', 'other'))
    assert check(tree)[0] == 0


def test_a_gate_that_a_page_states_otherwise_is_named(tree):
    (tree / figures.PAGE).write_text(PAGE.replace('1,000 steps', '1,001 steps'))
    assert any('1,001, but tests/bench/instructions.toml has 1000' in line for line in check(tree)[1])


@pytest.mark.parametrize(
    'old, new, words',
    [
        ('| `a` thing', '| a thing', '0 such cells'),
        ('| other (target 7) | 12', '| `a` thing | 12', '2 such cells'),
        ('## small', '## smaller', "no section 'small'"),
        ('It takes', 'It needs', '0 such sentences'),
        ('1,234', 'few', 'no number'),
    ],
)
def test_a_figure_that_is_no_longer_there_is_named(tree, old, new, words):
    (tree / figures.PAGE).write_text(PAGE.replace(old, new))
    with pytest.raises(Failure, match=words):
        figures.read(tree)


def test_what_was_measured_is_written_as_the_page_had_it(tree):
    changed = figures.record({'thing': 1250, 'other': 14 << 10, 'b': 6_000_000, 'c': 330_000}, tree)
    assert len(changed) == 3
    text = (tree / figures.PAGE).read_text()
    assert text == PAGE.replace('1,234', '1,250').replace('12 KiB', '14 KiB').replace('5.6 M', '6.3 M')
    assert not figures.record({'thing': 1250, 'b': 6_000_000, 'c': 349_000}, tree)


def test_what_was_not_measured_stays(tree):
    assert not figures.record({'b': 1}, tree)
    assert (tree / figures.PAGE).read_text() == PAGE
