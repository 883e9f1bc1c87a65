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


@pytest.mark.parametrize(
    ('text', 'name'),
    [
        ('uint64_t lapic_base(void);', 'lapic_base'),
        ('static void map(uint64_t address, size_t size_bytes)\n{\n}', 'address'),
        ('static bool is_usable(size_t count,\n    uint64_t start, uint64_t last)\n{\n}', 'start'),
        ('struct timer {\n    bool is_there;\n    uint64_t address;\n};', 'address'),
        ('struct span {\n    uint64_t length, *page_end[2];\n};', 'page_end'),
        ('struct outer {\n    union {\n        uintptr_t stack_top;\n    } inner;\n};', 'stack_top'),
        ('typedef bool read_fn(uint64_t phys, void *to);', 'phys'),
        ('void after(void)\n{\n    f();\n}\n\nvoid map(uint64_t virt) MUST_CHECK;', 'virt'),
    ],
)
def test_an_integer_with_the_name_of_an_address_is_refused(text, name, tmp_path):
    done = check_script.run('addresses', tmp_path, {'kernel64/vm/map.c': text + '\n'})
    assert done.returncode == 1, done.stdout
    assert f': {name} is an integer: use a type of addr.h' in done.stdout
    assert '1 faults' in done.stdout


@pytest.mark.parametrize(
    ('text', 'path'),
    [
        ('static void map(phys_t address, uint64_t size_bytes);', 'kernel64/vm/map.c'),
        ('struct run {\n    uint64_t start_ns, end_tick, base_kib;\n};', 'kernel64/vm/map.c'),
        ('/* uint64_t address; */', 'kernel64/vm/map.c'),
        ('void f(void)\n{\n    uint64_t start = a, end;\n}', 'kernel64/vm/map.c'),
        ('static const struct row rows[] = { { f((uint64_t)base) } };', 'kernel64/vm/map.c'),
        ('#define PLACE(start) \\\n    uint64_t start;', 'kernel64/vm/map.c'),
        ('struct PACKED tag {\n    uint64_t address;\n};', 'include/ashlar/fmt/tag.h'),
        ('struct acpi_gas {\n    uint64_t address;\n};', 'kernel64/acpi/view.h'),
    ],
)
def test_a_type_a_size_a_local_variable_and_a_layout_pass(text, path, tmp_path):
    done = check_script.run('addresses', tmp_path, {path: text + '\n'})
    assert done.returncode == 0, done.stdout
