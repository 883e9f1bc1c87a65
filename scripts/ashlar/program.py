# SPDX-License-Identifier: BSD-2-Clause
"""What the programs have in common: how they end on an error, and the files that they write."""
import subprocess
import sys

from ashlar import Failure

COULD_NOT_START = 2
INTERRUPTED = 130


def main(name, body):
    """Runs body(), and turns what stops it into a sentence. Return: the exit status."""
    try:
        return body()
    except Failure as failure:
        print(f'{name}: {failure}', file=sys.stderr)
    except subprocess.CalledProcessError as failure:
        return failure.returncode
    except OSError as error:
        print(f'{name}: {error}', file=sys.stderr)
    except KeyboardInterrupt:
        print(f'\n{name}: interrupted', file=sys.stderr)
        return INTERRUPTED
    return COULD_NOT_START


def empty_file(option, path):
    """Makes @path empty, before the work whose result goes there, so that it never holds an earlier one."""
    try:
        open(path, 'w').close()
    except OSError as error:
        raise Failure(f'{option}: {path} cannot be written: {error.strerror}') from None
