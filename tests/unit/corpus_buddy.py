#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Gives every memory map of the corpus to the buddy allocator and uses it up.

usage: corpus_buddy.py ALLOCATE_MAPS DEFAULT_CORPUS

The corpus is found as corpus_memmap.py finds it. A map whose expected usable memory is empty, or too small for the
allocator's own tables, must be refused; any other must be used up to the last frame and come back.
"""
import subprocess
import sys

from corpus_memmap import PAGE, expected_usable, find_maps

LIMIT = 256 << 30  # allocate_maps cuts maps here
# Tables of a machine that has hardly any memory.
LEAST = 64 << 10


def main():
    program, default = sys.argv[1:]
    maps = find_maps(default)
    output = subprocess.run([program, *maps], check=True, capture_output=True, text=True).stdout
    said = {line.split(' ')[1].rstrip(':'): line for line in output.splitlines()}
    passed = 0
    for path in maps:
        line = said.get(str(path), 'nothing was said')
        # Frame 0 is never given out.
        usable = sum(min(end, LIMIT) - max(start, PAGE) for start, end in expected_usable(path)
                     if end > PAGE and start < LIMIT)
        is_right = line.startswith('ok ') or usable < LEAST
        if not is_right:
            print(line)
        passed += is_right
    print(f'corpus buddy: {passed}/{len(maps)}')
    return 0 if passed == len(maps) else 1


if __name__ == '__main__':
    sys.exit(main())
