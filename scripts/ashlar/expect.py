# SPDX-License-Identifier: BSD-2-Clause
"""What a user expects of a machine: `--expect 'memory>=500M'` of scripts/run and scripts/judge.

    EXPECTATION = KEY OPERATOR VALUE       blanks around the operator are allowed
    KEY         = verdict | passed | failed | skipped | warnings
                | cpus (cpus.online) | memory (memory.usable_bytes)
                | TYPE.MEMBER of the report, unless it is an object; of a list, how many items it has
    OPERATOR    = | != | < | <= | > | >=   words and flags: the first two only
    VALUE       = 12, 0x1f, 500M, 1.5G     K, M, G and T are 2^10, 2^20, 2^30, 2^40
                | true, false              of a flag
                | the rest of the text     of a word; a verdict is pass, fail, panic, timeout or "no verdict"

The members and their kinds are those of docs/report.schema.json. An expectation of a member that is not in
the log fails.
"""
import dataclasses
import difflib
import fractions
import operator
import re

from ashlar import Failure, schema, stream

OPERATORS = {
    '=': operator.eq,
    '!=': operator.ne,
    '<': operator.lt,
    '<=': operator.le,
    '>': operator.gt,
    '>=': operator.ge,
}
SHORT = {'cpus': 'cpus.online', 'memory': 'memory.usable_bytes'}
# Of the log as a whole.
LOG_KEYS = {
    'verdict': schema.TEXT,
    'passed': schema.NUMBER,
    'failed': schema.NUMBER,
    'skipped': schema.NUMBER,
    'warnings': schema.NUMBER,
}
FORM = re.compile(r'\s*([A-Za-z][\w.]*)\s*(!=|<=|>=|=|<|>)\s*(.*?)\s*', re.DOTALL)
NUMBER = re.compile(
    r'(?:0x([0-9a-f]{1,16})|(\d{1,20}(?:\.\d{1,9})?)(?:([kmgt])(?:i?b)?)?)', re.IGNORECASE | re.ASCII
)
UNITS = {'': 1, 'k': 1 << 10, 'm': 1 << 20, 'g': 1 << 30, 't': 1 << 40}
FLAGS = {'true': True, 'false': False}


def kinds():
    """{key: kind of its value}, of every key."""
    facts = [name for name in schema.types() if name not in schema.NO_FACTS]
    reported = {
        f'{name}.{member}': kind
        for name in facts
        for member, kind in schema.members_of(name).items()
        if kind != schema.GROUP
    }
    return {**LOG_KEYS, **{short: reported[key] for short, key in SHORT.items()}, **reported}


def _number(text):
    match = NUMBER.fullmatch(text)
    if not match:
        raise Failure(f'{text[:80]!r} is no number such as 4, 0x10, 500M or 1.5G')
    if match[1]:
        return int(match[1], 16)
    return fractions.Fraction(match[2]) * UNITS[(match[3] or '').lower()]


def _flag(text):
    if text not in FLAGS:
        raise Failure(f'{text[:80]!r} is neither true nor false')
    return FLAGS[text]


def _word(key, text):
    if key == 'verdict' and text not in stream.EXIT_STATUS:
        raise Failure(f'{text[:80]!r} is no verdict; these are: {", ".join(stream.EXIT_STATUS)}')
    return text


@dataclasses.dataclass(frozen=True)
class Expectation:
    text: str  # as it was given
    key: str
    operator: str
    value: object


@dataclasses.dataclass(frozen=True)
class Answer:
    expectation: Expectation
    is_met: bool
    words: str  # for people


def parse(text):
    """The Expectation that @text stands for. A Failure says what is wrong with it."""
    match = FORM.fullmatch(text)
    if not match:
        raise Failure(f'--expect {text[:80]!r}: it is KEY, one of {" ".join(OPERATORS)}, and a value: cpus=4')
    key, sign, value = match.groups()
    known = kinds()
    if key not in known:
        near = difflib.get_close_matches(key, known, n=1)
        meant = f'; did you mean {near[0]}?' if near else '.'
        raise Failure(f'--expect: no key {key[:80]!r}{meant} The keys are:\n{_columns(known)}')
    kind = known[key]
    if kind in (schema.TEXT, schema.FLAG) and sign not in ('=', '!='):
        raise Failure(f'--expect {text[:80]!r}: {key} has no order; use = or !=')
    try:
        read = (
            _word(key, value) if kind == schema.TEXT else (_flag if kind == schema.FLAG else _number)(value)
        )
    except Failure as failure:
        raise Failure(f'--expect {text[:80]!r}: {failure}') from None
    return Expectation(text, key, sign, read)


def _columns(words, width=100):
    lines = ['   ']
    for word in words:
        if len(lines[-1]) + len(word) >= width:
            lines.append('   ')
        lines[-1] += ' ' + word
    return '\n'.join(lines)


# --- what a log says ---


def _last(log, name):
    """The last object of a type; None without one."""
    return next(reversed(log.of_type(name)), None)


def _reported(log, key):
    """Return: the value and '', or None and why there is none."""
    name, member = SHORT.get(key, key).split('.')
    fact = _last(log, name)
    if fact is None:
        return None, f'the log has no report of it; add "report {name}" to the commands of run='
    value = fact.get(member)
    kind = kinds()[key]
    if kind == schema.LIST:
        value = len(value) if isinstance(value, list) else None
    fits = {schema.TEXT: str, schema.FLAG: bool}.get(kind, int)
    return (value, '') if type(value) is fits else (None, f'the report of "{name}" has no such {member}')


def _of_log(log, verdict, key):
    if key == 'verdict':
        return verdict, ''
    if key == 'warnings':
        value = (_last(log, 'verdict') or {}).get('warnings')
        return (value, '') if type(value) is int else (None, 'no verdict counts them')
    return log.count({'passed': 'pass', 'failed': 'fail', 'skipped': 'skip'}[key]), ''


def answer(expectation, log, verdict):
    """@verdict: of the run, which may know more than the log: a time-out."""
    find = (
        _of_log(log, verdict, expectation.key)
        if expectation.key in LOG_KEYS
        else _reported(log, expectation.key)
    )
    value, why = find
    if why:
        return Answer(expectation, False, f'expected {expectation.text}: {why}')
    is_met = OPERATORS[expectation.operator](value, expectation.value)
    found = str(value).lower() if isinstance(value, bool) else value
    return Answer(expectation, is_met, f'expected {expectation.text}: found {found}')


def judge(expectations, log, verdict):
    """Return: an Answer for each of @expectations, and the exit status of scripts/run and scripts/judge.

    A pass is expected unless an expectation is about the verdict.
    """
    answers = [answer(expectation, log, verdict) for expectation in expectations]
    if not any(expectation.key == 'verdict' for expectation in expectations) and verdict != stream.PASS:
        return answers, stream.EXIT_STATUS[verdict]
    if all(each.is_met for each in answers):
        return answers, 0
    # A verdict that was not expected keeps its own status.
    unexpected = any(each.expectation.key == 'verdict' and not each.is_met for each in answers)
    return answers, (unexpected and stream.EXIT_STATUS[verdict]) or 1


def add_arguments(parser):
    parser.add_argument(
        '--expect',
        action='append',
        default=[],
        metavar='KEY=VALUE',
        help="fail unless it holds; may be repeated. Operators: = != < <= > >=; sizes: 500M. Keys: verdict, passed, "
        'failed, skipped, warnings, cpus, memory, and TYPE.MEMBER of the report, such as time.clock',
    )
