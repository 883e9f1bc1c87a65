#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Sweeps every memory map of the corpus and compares with what an independent program expects.

usage: corpus_memmap.py SWEEP_MAPS DEFAULT_CORPUS

The corpus is the folder that ASHLAR_CORPUS names (seen from the source tree), else DEFAULT_CORPUS.
A default folder that is not there is a skip (status 77); one that was named and is not there is a
failure. Beside each
memmap/NAME.map lies NAME.json with the usable ranges; for EFI maps its `after_exit` is ours.
"""
import json
import os
import pathlib
import subprocess
import sys

SOURCE_ROOT = pathlib.Path(__file__).resolve().parents[2]
SKIPPED = 77
PAGE = 4096
TOP = (1 << 64) - PAGE  # the sweep leaves the last page out: its end has no number in 64 bits
ROOM = 64 << 10


def find_maps(default):
    named = os.environ.get("ASHLAR_CORPUS")
    folder = SOURCE_ROOT / (named or default) / "memmap"
    if not folder.is_dir():
        print(f"corpus memmap: {'FAILED' if named else 'skipped'}, there is no folder {folder}")
        sys.exit(1 if named else SKIPPED)
    maps = sorted(folder.glob("*.map"))
    if not maps:
        sys.exit(f"corpus memmap: FAILED, there are no maps in {folder}")
    return maps


def sweep(program, maps):
    """Returns, for each file, what sweep_maps said: [(start, end, kind)...] and room or None."""
    result = {}
    output = subprocess.run([program, *maps], check=True, capture_output=True, text=True).stdout
    for line in output.splitlines():
        word, rest = line.split(" ", 1)
        if word == "map":
            current = result[rest] = {"ranges": [], "room": None}
        elif word == "range":
            start, end, kind = rest.split(" ", 2)
            current["ranges"].append((int(start, 16), int(end, 16), kind))
        elif word == "room":
            current["room"] = int(rest, 16)
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


def mistakes(swept, usable):
    """What is wrong with a swept map, as sentences."""
    ranges = swept["ranges"]
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

    room = swept["room"]
    if room is not None and not any(s <= room and room + ROOM <= e for s, e in usable if room >= PAGE):
        yield f"the room found at {room:#x} is not usable"


def main():
    program, default = sys.argv[1:]
    maps = find_maps(default)
    swept = sweep(program, maps)
    passed = 0
    for path in maps:
        try:
            wrong = list(mistakes(swept[str(path)], expected_usable(path)))
        except (OSError, KeyError, ValueError) as error:
            wrong = [f"cannot be judged: {error!r}"]
        for sentence in wrong:
            print(f"{path.name}: {sentence}")
        passed += not wrong
    print(f"corpus memmap: {passed}/{len(maps)}")
    return 0 if passed == len(maps) else 1


if __name__ == "__main__":
    sys.exit(main())
