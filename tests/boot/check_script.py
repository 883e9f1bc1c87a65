# SPDX-License-Identifier: BSD-2-Clause
"""A script of scripts/check on a tree that a test writes."""
import subprocess

from ashlar import ROOT


def write(folder, files):
    """@files: text by path."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def run(script, folder, files, *words):
    """Writes the files, and gives what the script says of the folder."""
    write(folder, files)
    return subprocess.run(
        [str(ROOT / 'scripts/check' / script), *words, str(folder)], stdout=subprocess.PIPE, text=True
    )
