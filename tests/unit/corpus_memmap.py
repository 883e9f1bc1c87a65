#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Sweeps every memory map of the corpus and compares with what an independent program expects.

usage: corpus_memmap.py SWEEP_MAPS DEFAULT_CORPUS

corpus.py finds the corpus. Beside each memmap/NAME.map lies NAME.json with the usable ranges; for EFI maps
its `after_exit` is ours.
"""
import json
import subprocess
import sys

import corpus

PAGE = 4096
TOP = (1 << 64) - PAGE  # the sweep leaves the last page out: its end has no number in 64 bits


def sweep(program, maps):
    """Returns, for each file, what sweep_maps said: [(start, end, kind)...]."""
    result = {}
    output = subprocess.run([program, *maps], check=True, capture_output=True, text=True).stdout
    for line in output.splitlines():
        word, rest = line.split(" ", 1)
        if word == "map":
            current = result[rest] = []
        elif word == "range":
            start, end, kind = rest.split(" ", 2)
            current.append((int(start, 16), int(end, 16), kind))
    return result


def expected_usable(path):
    oracle = json.loads(path.with_suffix(".json").read_text())
    if oracle["kind"] == "efi":
        oracle = oracle["after_exit"]
    ranges = [(int(start, 16), int(end, 16)) for start, end in oracle["ranges"]]
    if sum(end - start for start, end in ranges) != oracle["usable_bytes"]:
        raise ValueError("the oracle's ranges do not add up to its usable_bytes")
    cut = [(start, min(end, TOP)) for start, end in ranges]
    return [(start, end) for start, end in cut if start < end]


def mistakes(ranges, usable):
    """What is wrong with a swept map, as sentences."""
    for start, end, kind in ranges:
        if start >= end or start % PAGE or end % PAGE:
            yield f"{start:#x}-{end:#x} {kind} is empty or not page-aligned"
    for (_, before, _), (start, _, _) in zip(ranges, ranges[1:]):
        if before > start:
            yield f"the ranges overlap or are not sorted at {start:#x}"

    got = [(start, end) for start, end, kind in ranges if kind == "usable"]
    for start, end in sorted(set(usable) - set(got)):
        yield f"missing: usable {start:#x}-{end:#x}"
    for start, end in sorted(set(got) - set(usable)):
        yield f"too much: usable {start:#x}-{end:#x}"


def main():
    program, default = sys.argv[1:]
    maps = corpus.find_cases(default, "memmap", "*.map")
    swept = sweep(program, maps)
    return corpus.judge("memmap", maps, lambda path: mistakes(swept[str(path)], expected_usable(path)))


if __name__ == "__main__":
    sys.exit(main())
