# SPDX-License-Identifier: BSD-2-Clause
"""What scripts/check/percpu accepts and refuses. No machine boots here."""
import pytest

import check_script

TABLE = '| variable | file | holds | written by | read by |\n| --- | --- | --- | --- | --- |\n'
ROW = '| `calls` | `kernel64/smp/a.c` | calls | {} |\n'
SOURCE = 'static PERCPU(uint64_t, calls);\n'
OTHER = SOURCE + 'uint64_t f(unsigned int cpu)\n{\n    return *PERCPU_OF(cpu, calls);\n}\n'


def check(folder, row, source, path='kernel64/smp/a.c'):
    return check_script.run('percpu', folder, {'docs/smp.md': TABLE + row, path: source})


@pytest.mark.parametrize(
    'row, source, words',
    [
        ('', SOURCE, 'kernel64/smp/a.c: calls: not in the table'),
        ('', 'PERCPU_ARRAY(uint64_t, calls, MAX);\n', 'kernel64/smp/a.c: calls: not in the table'),
        (ROW.format('its CPU | its CPU'), '', 'docs/smp.md:3: calls: it is defined in no file'),
        (ROW.format('its CPU | every CPU'), SOURCE, 'docs/smp.md:3: calls: written and read by some of'),
        (ROW.format('its CPU | its CPU'), OTHER, 'calls: the source reaches it on another CPU'),
        (ROW.format('its CPU | any'), SOURCE, 'calls: the source never reaches it on another CPU'),
    ],
)
def test_a_variable_that_the_table_does_not_describe_is_refused(row, source, words, tmp_path):
    done = check(tmp_path, row, source)
    assert done.returncode == 1, done.stdout
    assert words in done.stdout


def test_a_variable_of_mm_is_reached_by_its_own_macro(tmp_path):
    row = ROW.format('its CPU | its CPU').replace('kernel64/smp', 'mm/slab')
    source = (
        'PORT_PER_CPU(uint64_t, calls);\nuint64_t f(void)\n{\n    return *PORT_OF(calls, cpu + g(1, 2));\n}\n'
    )
    done = check(tmp_path, row, source, 'mm/slab/a.c')
    assert 'calls: the source reaches it on another CPU' in done.stdout


@pytest.mark.parametrize(
    'words, source',
    [
        ('its CPU | its CPU', SOURCE),
        ('its CPU; set-up | any', OTHER),
        ('its CPU | its CPU', OTHER.replace('(cpu, ', '(PERCPU_MINE(cpu_number), ')),
    ],
)
def test_a_variable_that_the_table_describes_passes(words, source, tmp_path):
    done = check(tmp_path, ROW.format(words), source)
    assert done.returncode == 0, done.stdout
