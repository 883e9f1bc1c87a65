# SPDX-License-Identifier: BSD-2-Clause
"""scripts/judge: prints the verdict of a serial log from any machine.

    scripts/judge serial.log            VirtualBox (serial port to a file), a PC's serial line, ...
    something | scripts/judge
    scripts/judge serial.log --expect cpus=4 --expect 'memory>=500M' --junit results.xml

The log may contain several boots, and output of firmware, loader and terminal program. Prints the failures and
one closing line. Exit status: 0 pass, 1 fail, also what --expect says, 2 no such log, 3 panic,
5 the log has no verdict.
"""
import argparse
import json
import sys

from ashlar import Failure, expect, junit, program, stream


def plain(text):
    """@text without control characters, for a terminal."""
    return ''.join(character if character.isprintable() else '?' for character in text)


def parse_arguments():
    parser = argparse.ArgumentParser(
        prog='scripts/judge',
        description=__doc__.split(': ', 1)[1],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('log', nargs='?', default='-', help='file; default: standard input')
    parser.add_argument('--json', action='store_true', help='print the JSON lines')
    parser.add_argument('--junit', metavar='FILE', help='write verdict, tests and expectations as JUnit XML')
    expect.add_arguments(parser)
    return parser.parse_args()


def read_log(name):
    try:
        return sys.stdin.buffer.read() if name == '-' else open(name, 'rb').read()
    except OSError as error:
        raise Failure(f'{name}: {error.strerror}') from None


def print_log(log):
    for note in log.notes:
        print(f'note: {note}')
    for complaint in log.complaints:
        print(plain(f'complaint: {complaint}'))
    for test in log.tests:
        if test.status != 'pass':
            print(plain(f'{test.status}: {test.name} {test.reason}'.rstrip()))
    for name in log.failed_commands():
        print(plain(f'failed command: {name}'))
    if len(log.boots) > 1:
        print(f'{len(log.boots)} boots: ' + ', '.join(boot.verdict() for boot in log.boots))
    if log.verdict() == stream.NO_VERDICT:
        print(plain(f'last line: {log.last_line}'))


def judge(options):
    expectations = [expect.parse(text) for text in options.expect]
    if options.junit:
        program.empty_file('--junit', options.junit)
    log = stream.Stream(read_log(options.log))
    verdict = log.verdict()
    answers, status = expect.judge(expectations, log, verdict)
    if options.json:
        for item in log.objects:
            print('@ashlar ' + json.dumps(item, separators=(',', ':')))
    if options.junit:
        words = '; '.join([*log.complaints, f'last line: {log.last_line}'])
        junit.write(options.junit, junit.cases_of_run(log, verdict, words, answers))
    print_log(log)
    for each in answers:
        if not each.is_met:
            print(plain(each.words))
    print(f'{verdict}: {log.count("pass")} passed, {log.count("fail")} failed, {log.count("skip")} skipped')
    return status


def main():
    sys.stdout.reconfigure(errors='backslashreplace')
    options = parse_arguments()
    return program.main('scripts/judge', lambda: judge(options))


if __name__ == '__main__':
    sys.exit(main())
