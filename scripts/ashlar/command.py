# SPDX-License-Identifier: BSD-2-Clause
"""Programs of the host, run for their output."""
import subprocess

from ashlar import Failure


def output_of(*command, **words):
    """Return: standard output and error, as text. @words: of subprocess.run(). Raises Failure with the output
    when the command fails."""
    done = subprocess.run(
        [str(word) for word in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **words,
    )
    if done.returncode != 0:
        raise Failure(f'{" ".join(map(str, command))}: status {done.returncode}\n{done.stdout}')
    return done.stdout
