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
