# SPDX-License-Identifier: BSD-2-Clause
"""scripts/judge: prints the verdict of a serial log from any machine.

    scripts/judge serial.log            VirtualBox (serial port to a file), a PC's serial line, ...
    something | scripts/judge

The log may contain several boots, and output of firmware, loader and terminal program. Prints the failures and
one closing line. Exit status: 0 pass, 1 fail, 2 no such log, 3 panic,
5 the log has no verdict.
"""
import argparse
import json
import sys

from ashlar import stream


def plain(text):
    """A machine's output is printed on a terminal without control characters."""
    return ''.join(character if character.isprintable() else '?' for character in text)


def main():
    sys.stdout.reconfigure(errors='backslashreplace')
    parser = argparse.ArgumentParser(
        prog='scripts/judge',
        description=__doc__.split(': ', 1)[1],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('log', nargs='?', default='-', help='file; default: standard input')
    parser.add_argument('--json', action='store_true', help='print the JSON lines')
    options = parser.parse_args()
    try:
        data = sys.stdin.buffer.read() if options.log == '-' else open(options.log, 'rb').read()
    except OSError as error:
        print(f'scripts/judge: {error}', file=sys.stderr)
        return 2

    log = stream.Stream(data)
    if options.json:
        for item in log.objects:
            print('@ashlar ' + json.dumps(item, separators=(',', ':')))
    for note in log.notes:
        print(f'note: {note}')
    for complaint in log.complaints:
        print(plain(f'complaint: {complaint}'))
    for test in log.tests:
        if test.status != 'pass':
            print(plain(f'{test.status}: {test.name} {test.reason}'.rstrip()))
    if len(log.boots) > 1:
        print(f'{len(log.boots)} boots: ' + ', '.join(boot.verdict() for boot in log.boots))
    verdict = log.verdict()
    if verdict == stream.NO_VERDICT:
        print(plain(f'last line: {log.last_line}'))
    print(f'{verdict}: {log.count("pass")} passed, {log.count("fail")} failed, {log.count("skip")} skipped')
    return stream.EXIT_STATUS[verdict]


if __name__ == '__main__':
    sys.exit(main())
