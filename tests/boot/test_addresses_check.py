# SPDX-License-Identifier: BSD-2-Clause
"""What scripts/check/addresses accepts and refuses. No machine boots here."""
import pytest

import check_script


def check(folder, line, path='mm/page.c'):
    return check_script.run('addresses', folder, {path: f'void f(void)\n{{\n    {line}\n}}\n'})


@pytest.mark.parametrize(
    'line',
    [
        'if (a.raw < b.raw)',
        'size = (end.raw - start->range.raw) / 2;',
        'return a.raw >=\n        list[i].start.raw;',
        'return a.raw == first(b, c).raw;',
        'is_aligned(a.raw | b.raw, 4);',
    ],
)
def test_an_operator_with_two_addresses_is_refused(line, tmp_path):
    done = check(tmp_path, line)
    assert done.returncode == 1, done.stdout
    assert 'mm/page.c:3: two addresses as numbers' in done.stdout


@pytest.mark.parametrize(
    'line',
    ['if (a.raw < size)', 'f(a.raw, b.raw);', 'g("a.raw < b.raw");', '/* a.raw < b.raw */', 'a.raw = b.raw;'],
)
def test_an_address_beside_a_number_passes(line, tmp_path):
    done = check(tmp_path, line)
    assert done.returncode == 0, done.stdout


def test_the_functions_of_the_types_are_exempt(tmp_path):
    assert check(tmp_path, 'return a.raw < b.raw;', 'include/ashlar/addr.h').returncode == 0
