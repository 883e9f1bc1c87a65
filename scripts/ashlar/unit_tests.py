# SPDX-License-Identifier: BSD-2-Clause
"""The hosted unit tests: Meson runs their programs, and each of cmocka's cases counts."""
import json
import re
import subprocess

from ashlar import ROOT, build, junit, progress

BUILD = 'gcc-O2-checked'
# Meson's time-outs are for a host that does nothing else, and are here to notice a hang only.
TIMEOUT_FACTOR = 8
SECONDS = 240
# cmocka's lines; ASan's report follows RUN, with no result after it.
CMOCKA_LINE = re.compile(r'\[\s*(RUN|OK|FAILED|SKIPPED)\s*\] (\w+)$', re.MULTILINE)
# By its definition: many programs list their cases by a macro of their own.
CMOCKA_CASE = re.compile(r'\bvoid (\w+)\(void \*\*')
MESON_LINE = re.compile(r'\s*(\d+)/(\d+) ')
# Some programs are built in several variants, with a suffix after the test's name.
VARIANT = r'(?:_O.|_threads|_fast)?'
ITSELF = '(the program itself)'


def _skip_reason(output, name):
    """A test's output between its RUN and SKIPPED lines."""
    match = re.search(
        rf'\[ RUN\s+\] {name}\n(.*?)\[\s*SKIPPED\s*\] {name}$', output, re.MULTILINE | re.DOTALL
    )
    return match[1].strip() if match else output.strip()[-200:]


def _cases_of(record):
    """One line of Meson's testlog.json: a program with one or many cases in it."""
    program = record['name'].split(' / ')[-1]
    output = record.get('stdout', '') + record.get('stderr', '')
    # Counts over files of real machines' data are part of the result.
    for line in re.findall(r'^corpus .*$', output, re.MULTILINE):
        print(line)
    started = {}
    for kind, name in CMOCKA_LINE.findall(output):
        started[name] = {'RUN': 'fail', 'OK': 'pass', 'FAILED': 'fail', 'SKIPPED': 'skip'}[kind]
    outcome = {'OK': 'pass', 'SKIP': 'skip'}.get(record['result'], 'fail')
    if outcome == 'fail' and 'fail' not in started.values():
        started[ITSELF] = 'fail'
    elif not started:
        started[ITSELF] = outcome
    for name, status in started.items():
        words = _skip_reason(output, name) if status == 'skip' else output[-4000:] if status == 'fail' else ''
        yield junit.Case('unit', f'{program}: {name}', status, record['duration'] / len(started), words)


def _meson_test(variant, programs):
    """Return: the exit status and the output of `meson test`."""
    command = ['meson', 'test', '-C', str(variant.folder), '--suite', 'unit', '--no-suite', 'fuzz']
    command += ['--timeout-multiplier', str(TIMEOUT_FACTOR), *programs]
    with progress.step('unit tests', about=None if programs else SECONDS) as step:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        lines = []
        for line in process.stdout:
            lines.append(line)
            if match := MESON_LINE.match(line):
                step.at(int(match[1]), int(match[2]))
        return process.wait(), ''.join(lines)


def _not_run(records):
    """Tests that exist and were not run, as failures."""
    ran = {record['name'].split(' / ')[-1] for record in records}
    for source in sorted((ROOT / 'tests/unit').glob('test_*.c')):
        if not any(re.fullmatch(source.stem[5:] + VARIANT, name) for name in ran):
            words = 'was not run: is it listed, and does the build find cmocka?'
            yield junit.Case('unit', source.stem, 'fail', 0, words)
    for source in sorted((ROOT / 'tests/models').glob('*.pml')):
        if f'model_{source.stem}' not in ran:
            yield junit.Case('unit', source.name, 'fail', 0, 'was not run: is it listed?')


def _programs(variant, is_wanted):
    """The programs that hold a wanted case, by their names in Meson."""
    variant.configure()
    listing = subprocess.run(
        ['meson', 'introspect', '--tests', str(variant.folder)], stdout=subprocess.PIPE, text=True, check=True
    )
    for test in json.loads(listing.stdout):
        suites = {suite.split(':')[-1] for suite in test['suite']}
        if 'unit' not in suites or 'fuzz' in suites:
            continue
        source = ROOT / 'tests/unit' / f'test_{re.sub(VARIANT + "$", "", test["name"])}.c'
        names = CMOCKA_CASE.findall(source.read_text()) if source.exists() else []
        titles = [f'unit: {test["name"]}: {name}' for name in [*names, ITSELF]]
        if any(is_wanted(title) for title in titles):
            yield test['name']


def run(is_wanted=None):
    """Return: the cases; with @is_wanted, those whose titles it wants, and all that failed beside them."""
    variant = build.variant(BUILD)
    programs = list(_programs(variant, is_wanted)) if is_wanted else []
    if is_wanted and not programs:
        return []
    if not is_wanted:
        variant.compile()
    log = variant.path('meson-logs/testlog.json')
    log.unlink(missing_ok=True)
    status, output = _meson_test(variant, programs)
    if not log.exists():
        return [junit.Case('unit', 'meson test', 'fail', 0, output)]
    records = [json.loads(line) for line in log.read_text().splitlines()]
    cases = [case for record in records for case in _cases_of(record)]
    if is_wanted:
        return [case for case in cases if is_wanted(case.title) or case.status == 'fail']
    cases += _not_run(records)
    if status != 0 and not any(case.status == 'fail' for case in cases):
        cases.append(junit.Case('unit', 'meson test', 'fail', 0, output))
    return cases or [junit.Case('unit', 'meson test', 'fail', 0, 'no unit test was found')]
