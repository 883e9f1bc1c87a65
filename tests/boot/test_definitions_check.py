# SPDX-License-Identifier: BSD-2-Clause
"""What scripts/check/definitions accepts and refuses. No machine boots here."""
import check_script


def check(folder, header, source='mm/frames/stats.c'):
    return check_script.run(
        'definitions',
        folder,
        {
            'include/ashlar/mm/buddy.h': f'{header}\nuint64_t buddy_free_frames(void);\n',
            source: 'uint64_t buddy_free_frames(void)\n{\n    return 1;\n}\n',
        },
    )


def test_a_function_in_a_file_that_the_header_does_not_name_is_refused(tmp_path):
    done = check(tmp_path, '/* Not in mystats.c or in stats.h. */')
    assert done.returncode == 1, done.stdout
    assert 'buddy.h: buddy_free_frames() is defined in mm/frames/stats.c' in done.stdout


def test_a_file_that_the_header_names_is_found(tmp_path):
    assert check(tmp_path, '/* Counts: stats.c. */').returncode == 0


def test_the_file_of_the_same_name_needs_no_word(tmp_path):
    assert check(tmp_path, '', 'mm/frames/buddy.c').returncode == 0


def test_a_function_of_one_file_is_of_no_header(tmp_path):
    done = check_script.run(
        'definitions',
        tmp_path,
        {
            'include/ashlar/mm/buddy.h': 'void look(void);\n',
            'mm/frames/other.c': 'static void look(void)\n{\n}\n',
            'mm/frames/buddy.c': 'void look(void)\n{\n}\n',
        },
    )
    assert done.returncode == 0, done.stdout


def test_headers_of_rooms_drivers_and_the_stub_count(tmp_path):
    for room, other in (
        ('kernel64/cpu', 'kernel64/trap/far.c'),
        ('mm/slab', 'mm/frames/far.c'),
        ('drivers', 'drivers/far.c'),
        ('stub32', 'stub32/far.c'),
    ):
        tree = tmp_path / room
        files = {f'{room}/near.h': 'void look(void);\n', other: 'void look(void)\n{\n}\n'}
        done = check_script.run('definitions', tree, files)
        assert done.returncode == 1, room
        assert f'{room}/near.h: look() is defined in {other}: name that file' in done.stdout
        files[f'{room}/near.h'] = 'void look(void); /* far.c */\n'
        assert check_script.run('definitions', tree, files).returncode == 0, room


def test_another_program_does_not_count_for_a_room(tmp_path):
    files = {
        'kernel64/lib/string.h': 'void *copy(void);\n',
        'kernel64/lib/string.c': 'void *copy(void)\n{\n}\n',
    }
    files['stub32/memory.c'] = 'void *copy(void)\n{\n}\n'
    assert check_script.run('definitions', tmp_path, files).returncode == 0


def test_a_function_in_assembly_has_a_file_too(tmp_path):
    files = {
        'stub32/entry.h': 'NORETURN void leap(int to);\n',
        'stub32/leap.asm': 'global leap:function hidden (leap.end - leap)\nleap:\n',
    }
    done = check_script.run('definitions', tmp_path, files)
    assert 'entry.h: leap() is defined in stub32/leap.asm' in done.stdout
    files['stub32/entry.h'] += '/* leap.asm */\n'
    assert check_script.run('definitions', tmp_path, files).returncode == 0


def test_a_declaration_that_nothing_defines_is_refused(tmp_path):
    files = {
        'kernel64/cpu/near.h': 'void look(void);\n',
        'kernel64/cpu/near.c': 'static void look(void)\n{\n}\n',
    }
    done = check_script.run('definitions', tmp_path, files)
    assert done.returncode == 1 and 'near.h: look() is declared and nowhere defined' in done.stdout
    # Of a hosted test's own machine.
    files['tests/unit/model.c'] = '__attribute__((weak)) void look(void)\n{\n}\n'
    assert check_script.run('definitions', tmp_path, files).returncode == 0
