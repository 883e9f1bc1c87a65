# SPDX-License-Identifier: BSD-2-Clause
"""--expect and --junit of scripts/judge and scripts/run: the grammar, what a log is held against, and the XML."""
import random
import subprocess
import xml.etree.ElementTree as ET

import pytest

from ashlar import ROOT, Failure, expect, junit, schema, stream

FACTS = b"""[    0.009548] cpu0 boot: Ashlar 0.1.0, loaded by pvh
KTAP version 1
1..3
ok 1 traps.fixups_nest
not ok 2 mm.something_is_equal
ok 3 smp.all_cpus_answer # SKIP one <CPU> & no more
@ashlar {"v":1,"type":"cpus","online":[{"cpu":0},{"cpu":1}],"failed":[],"listed":2,"idle":"hlt","x2apic":false}
@ashlar {"v":1,"type":"memory","firmware":5,"usable":[],"usable_bytes":529985536,"free_bytes":"many"}
@ashlar {"v":1,"type":"verdict","status":"fail","passed":1,"failed":1,"skipped":1,"warnings":3}
"""
PASSING = b"""[    0.009548] cpu0 boot: Ashlar 0.1.0, loaded by pvh
@ashlar {"v":1,"type":"verdict","status":"pass","passed":0,"failed":0,"skipped":0}
"""


def judge(log, *words):
    return subprocess.run([ROOT / 'scripts/judge', *words], input=log, capture_output=True)


def met(text, log=FACTS, verdict=None):
    found = stream.Stream(log)
    return expect.answer(expect.parse(text), found, verdict or found.verdict())


@pytest.mark.parametrize(
    'text, is_met',
    [
        ('cpus=2', True),
        ('cpus = 2', True),
        ('cpus!=2', False),
        ('cpus<2', False),
        ('cpus<=2', True),
        ('cpus>1', True),
        ('cpus>=3', False),
        ('cpus=0x2', True),
        ('cpus.online=2', True),
        ('cpus.failed=0', True),
        ('cpus.idle=hlt', True),
        ('cpus.idle!=hlt', False),
        ('cpus.x2apic=false', True),
        ('cpus.x2apic!=false', False),
        ('memory>=500M', True),
        ('memory>=505MiB', True),
        ('memory>=506m', False),
        ('memory<0.5G', True),
        ('memory>517564K', False),
        ('memory>=517564K', True),
        ('memory.usable_bytes=529985536', True),
        ('passed=1', True),
        ('failed=1', True),
        ('skipped<1', False),
        ('warnings<=3', True),
        ('verdict=fail', True),
        ('verdict!=fail', False),
        ('verdict=no verdict', False),
    ],
)
def test_an_expectation_is_held_against_the_log(text, is_met):
    answer = met(text)
    assert answer.is_met == is_met, answer.words
    assert text in answer.words


@pytest.mark.parametrize(
    'text, words',
    [
        ('time.clock=tsc', 'add "report time" to the commands'),
        ('memory.free_bytes>1', 'has no such free_bytes'),
        ('memory.metadata_bytes>1', 'has no such metadata_bytes'),
        ('memory.firmware>1', 'has no such firmware'),
    ],
)
def test_an_absent_fact_is_not_as_expected(text, words):
    answer = met(text)
    assert not answer.is_met and words in answer.words


def test_warnings_that_no_verdict_counts_are_not_as_expected():
    assert not met('warnings=0', PASSING).is_met


def test_a_time_out_is_a_verdict():
    assert met('verdict=timeout', verdict='timeout').is_met


@pytest.mark.parametrize(
    'text, words',
    [
        ('', 'it is KEY'),
        ('cpus', 'it is KEY'),
        ('=4', 'it is KEY'),
        ('cpus 4', 'it is KEY'),
        ('cpus~4', 'it is KEY'),
        ('cpus==4', "'=4' is no number"),
        ('cpus=', "'' is no number"),
        ('cpus=four', "'four' is no number"),
        ('cpus=-1', "'-1' is no number"),
        ('cpus=\u0663', 'is no number'),
        ('cpus=4 2', "'4 2' is no number"),
        ('memory>=500X', "'500X' is no number"),
        ('memory>=M', "'M' is no number"),
        ('memory>=0x', "'0x' is no number"),
        ('cpus.x2apic=yes', 'neither true nor false'),
        ('cpus.x2apic<true', 'use = or !='),
        ('verdict>=pass', 'use = or !='),
        ('verdict=green', 'these are: pass, fail, panic, timeout, no verdict'),
        ('cpu=4', "no key 'cpu'; did you mean cpus? The keys are:"),
        ('nonsense=4', "no key 'nonsense'. The keys are:"),
        ('cpus.count=4', 'cpus.listed'),
        ('bench.min=4', 'The keys are:'),
        ('memory.=4', 'The keys are:'),
    ],
)
def test_a_malformed_expectation_is_status_2(text, words):
    done = judge(FACTS, '--expect', text)
    assert done.returncode == 2
    assert words in done.stderr.decode() and 'Traceback' not in done.stderr.decode()


def test_an_unknown_key_lists_every_key():
    with pytest.raises(Failure) as failure:
        expect.parse('colour=blue')
    listed = str(failure.value).split()
    for name in schema.types():
        if name not in schema.NO_FACTS:
            kinds = schema.members_of(name)
            keys = {f'{name}.{member}' for member, kind in kinds.items() if kind != schema.GROUP}
            assert keys <= set(listed)
    assert 'smbios.system' not in listed
    assert {'verdict', 'passed', 'failed', 'skipped', 'warnings', 'cpus', 'memory'} <= set(listed)


@pytest.mark.parametrize(
    'log, words, status',
    [
        (PASSING, ['verdict=pass'], 0),
        (PASSING, ['failed=0', 'passed=0'], 0),
        (PASSING, ['passed>=1'], 1),
        (PASSING, ['cpus=1'], 1),
        (PASSING, ['verdict=fail'], 1),
        # A pass is expected unless the verdict is mentioned.
        (FACTS, ['cpus=2'], 1),
        (FACTS, ['verdict=fail'], 0),
        (FACTS, ['verdict=fail', 'cpus=3'], 1),
        (FACTS, ['verdict!=panic', 'cpus=2'], 0),
        (PASSING.replace(b'"status":"pass"', b'"status":"panic"'), ['failed=0'], 3),
        (PASSING.replace(b'"status":"pass"', b'"status":"panic"'), ['verdict=pass'], 3),
        (PASSING.replace(b'"status":"pass"', b'"status":"panic"'), ['verdict=panic'], 0),
        (PASSING[:60], ['verdict=pass'], 5),
        (PASSING[:60], ['verdict=no verdict'], 0),
    ],
)
def test_the_exit_status_tells_whether_all_is_as_expected(log, words, status):
    done = judge(log, *(part for text in words for part in ('--expect', text)))
    assert done.returncode == status, done.stdout


# ---- JUnit ----


def test_junit_holds_the_verdict_the_tests_and_the_expectations(tmp_path):
    path = tmp_path / 'out.xml'
    done = judge(FACTS, '--junit', str(path), '--expect', 'cpus=4', '--expect', 'memory>=500M')
    assert done.returncode == 1
    root = ET.parse(path).getroot()
    assert root.tag == 'testsuites'
    assert [suite.get('name') for suite in root] == ['machine', 'self-tests', 'expected']
    for suite in [root, *root]:
        cases = list(suite.iter('testcase'))
        assert int(suite.get('tests')) == len(cases)
        assert int(suite.get('failures')) == sum(case.find('failure') is not None for case in cases)
        assert int(suite.get('skipped')) == sum(case.find('skipped') is not None for case in cases)
        assert float(suite.get('time')) >= 0
    found = {case.name: case for case in junit.read(path, 'read')}
    assert found['machine: verdict'].status == 'fail'
    assert found['self-tests: traps.fixups_nest'].status == 'pass'
    assert found['self-tests: mm.something_is_equal'].status == 'fail'
    assert found['self-tests: smp.all_cpus_answer'].words == 'one <CPU> & no more'
    assert found['expected: cpus=4'].words == 'expected cpus=4: found 2'
    assert found['expected: memory>=500M'].status == 'pass'


def test_a_folder_that_is_missing_is_status_2(tmp_path):
    done = judge(PASSING, '--junit', str(tmp_path / 'none/out.xml'))
    assert done.returncode == 2
    assert b'--junit: ' in done.stderr and b'cannot be written: No such file' in done.stderr


def test_no_earlier_result_is_left_where_none_was_made(tmp_path):
    path = tmp_path / 'out.xml'
    path.write_text('<testsuites/>')
    assert judge(b'', '--junit', str(path), str(tmp_path / 'no.log')).returncode == 2
    assert path.read_text() == ''


@pytest.mark.parametrize('seed', range(10))
def test_any_words_come_back_from_the_xml(seed, tmp_path):
    draw = random.Random(seed)

    def words():
        return ''.join(chr(draw.choice([*range(0x80), 0xA0, 0xD800, 0xFFFE, 0x1F600])) for _ in range(12))

    cases = [
        junit.Case(words(), words(), draw.choice(['pass', 'fail', 'skip']), 1.5, words()) for _ in range(50)
    ]
    junit.write(tmp_path / 'out.xml', cases)
    root = ET.parse(tmp_path / 'out.xml').getroot()
    assert int(root.get('tests')) == 50
    found = junit.read(tmp_path / 'out.xml', 'all')
    assert sorted(case.status for case in found) == sorted(case.status for case in cases)


# ---- mutations ----

PIECES = [
    'cpus',
    'memory',
    '.',
    '=',
    '!=',
    '>=',
    '<',
    '500M',
    '0x',
    '9' * 400,
    '1.',
    'true',
    ' ',
    '\n',
    '\0',
    '\u0663',
]


@pytest.mark.parametrize('seed', range(10))
def test_no_text_crashes_the_parser(seed):
    """It gives an expectation that can be answered, or a sentence."""
    draw = random.Random(seed)
    keys = list(expect.kinds())
    log = stream.Stream(FACTS)
    for _ in range(500):
        text = draw.choice(keys) + ''.join(draw.choice(PIECES) for _ in range(draw.randint(0, 4)))
        try:
            expectation = expect.parse(text)
        except Failure as failure:
            assert str(failure).startswith('--expect')
            continue
        assert expect.answer(expectation, log, log.verdict()).words


@pytest.mark.parametrize('seed', range(10))
def test_no_log_crashes_the_answers(seed, tmp_path):
    """Members of any kind, absent ones, and names that XML does not allow."""
    draw = random.Random(seed)
    expectations = [
        expect.parse(key + dict(number='<=1', list='>1', flag='=true', text='=pass')[kind])
        for key, kind in expect.kinds().items()
    ]
    values = [b'null', b'[]', b'{}', b'"x"', b'-1', b'1e400', b'true', b'1.5', b'"\\ud800"', b'[[]]']
    for _ in range(30):
        log = FACTS
        for _ in range(draw.randint(1, 8)):
            at = draw.randrange(len(log))
            log = log[:at] + draw.choice(values) + log[at + draw.randint(0, 12) :]
        found = stream.Stream(log)
        answers, status = expect.judge(expectations, found, found.verdict())
        assert len(answers) == len(expectations) and status != 0
        junit.write(tmp_path / 'out.xml', junit.cases_of_run(found, found.verdict(), '', answers))
        ET.parse(tmp_path / 'out.xml')
