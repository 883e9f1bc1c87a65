#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Initialises the buddy allocator with every memory map of the corpus and exhausts it.

usage: corpus_buddy.py ALLOCATE_MAPS DEFAULT_CORPUS

corpus.py finds the corpus. A map whose expected usable memory is empty, or too small for the allocator's own
tables, must be refused; any other must be used up to the last frame and come back.
"""
import subprocess
import sys

import corpus
from corpus_memmap import PAGE, expected_usable

LIMIT = 256 << 30  # allocate_maps cuts maps here
# Tables of a machine that has hardly any memory.
LEAST = 64 << 10


def mistakes(line, path):
    # Frame 0 is never allocated.
    usable = sum(
        min(end, LIMIT) - max(start, PAGE)
        for start, end in expected_usable(path)
        if end > PAGE and start < LIMIT
    )
    if not line.startswith('ok ') and usable >= LEAST:
        yield line


def main():
    program, default = sys.argv[1:]
    maps = corpus.find_cases(default, 'memmap', '*.map')
    output = subprocess.run([program, *maps], check=True, capture_output=True, text=True).stdout
    said = {line.split(' ')[1].rstrip(':'): line for line in output.splitlines()}
    return corpus.judge('buddy', maps, lambda path: mistakes(said.get(str(path), 'nothing was said'), path))


if __name__ == '__main__':
    sys.exit(main())
