# SPDX-License-Identifier: BSD-2-Clause
"""What `scripts/bench malloc` makes of a checkout of mimalloc-bench. The programs themselves run by that command."""
import re
from types import SimpleNamespace

import pytest
from ashlar import bench_malloc, bench_malloc_suite


@pytest.fixture
def bench(tmp_path):
    (tmp_path / 'bench').mkdir()
    (tmp_path / 'extern').mkdir()
    return tmp_path / 'bench'


def test_a_test_without_its_data_is_not_run_and_another_stands_in(bench, monkeypatch):
    monkeypatch.setattr(bench_malloc_suite.shutil, 'which', lambda name: f'/usr/bin/{name}')
    assert bench_malloc_suite.command_of('gs', {}, bench) is None
    assert bench_malloc_suite.command_of('gs-names', {}, bench)[0] == '/usr/bin/gs'
    assert bench_malloc_suite.command_of('lua', {}, bench) is None
    pdf = bench.parent / 'extern/large.pdf'
    pdf.write_text('')
    (bench.parent / 'extern/lua').mkdir()
    assert bench_malloc_suite.command_of('gs', {}, bench)[-1] == str(pdf)
    assert bench_malloc_suite.command_of('gs-names', {}, bench) is None
    assert bench_malloc_suite.command_of('lua', {}, bench)[0] == '/usr/bin/make'
    assert bench_malloc_suite.folder_of('lua', bench) == str(bench.parent / 'extern/lua')


@pytest.mark.parametrize(
    ('test', 'output', 'seconds'),
    [
        ('redis', 'lpush: rps=7 (overall: 8)\nlpush a 1: 100000.00 requests per second, p50=1 msec\n', 20.0),
        ('larsonN', 'Throughput = 7 operations per second, relative time: 3.250s.\n', 3.25),
        ('xmalloc-testN', 'free/sec: 9 M\nrtime: 0.625, free/sec: 2.000 M\n', 0.625),
    ],
)
def test_the_result_of_a_program_is_read_from_its_output(test, output, seconds):
    pattern, relative = bench_malloc_suite.RELATIVE[test]
    assert relative(re.search(pattern, output, re.MULTILINE)[1]) == seconds


def test_a_mean_is_over_the_best_allocator_of_each_test():
    rows = {
        'one': {'a': SimpleNamespace(seconds=1.0), 'b': SimpleNamespace(seconds=4.0)},
        'other': {'a': SimpleNamespace(seconds=9.0), 'b': SimpleNamespace(seconds=1.0)},
    }
    assert bench_malloc.means(rows, 'a', lambda run: run.seconds) == pytest.approx(3.0)
    assert bench_malloc.means(rows, 'b', lambda run: run.seconds) == pytest.approx(2.0)
