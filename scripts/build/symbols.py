#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Makes the kernel's symbol table (panic/symbols.h) from the functions that nm lists.

usage: symbols.py NM KERNEL OUTPUT.c
"""
import subprocess
import sys

# SYMBOL_MARK_STEP in panic/symbols.h.
MARK_STEP = 16


def main():
    nm, kernel, output = sys.argv[1:4]
    listing = subprocess.run(
        [nm, "--numeric-sort", "--format=sysv", kernel], check=True, stdout=subprocess.PIPE, text=True
    ).stdout
    functions = {}
    text_end = None
    for line in listing.splitlines():
        fields = [field.strip() for field in line.split("|")]
        if len(fields) != 7:
            continue
        name, address, kind = fields[0], fields[1], fields[3]
        if name == "__text_end":
            text_end = int(address, 16)
        elif kind == "FUNC":
            # Of several names for one address the first in nm's order is kept.
            functions.setdefault(int(address, 16), name)
    base = 0xFFFFFFFF80000000
    with open(output, "w") as out:
        out.write(
            "/* Generated from the first link of kernel64. Not to be edited. */\n#include <panic/symbols.h>\n\n"
        )
        out.write(f"const uint32_t symbol_count = {len(functions)};\n")
        out.write(f"const uint32_t symbol_text_end = {text_end - base:#x};\n")
        addresses = list(functions)
        bases = addresses[::MARK_STEP] or [base]
        if any(address - bases[number // MARK_STEP] > 0xFFFF for number, address in enumerate(addresses)):
            sys.exit(f"{kernel}: {MARK_STEP} functions in a row take more than 64 KiB")
        out.write(f"const uint32_t symbol_bases[{len(bases)}] = {{\n")
        for address in bases:
            out.write(f"    {address - base:#x},\n")
        out.write(f"}};\nconst uint16_t symbol_offsets[{max(1, len(functions))}] = {{\n")
        for number, address in enumerate(addresses):
            out.write(f"    {address - bases[number // MARK_STEP]:#x},\n")
        out.write(f"}};\nconst uint32_t symbol_marks[{len(functions) // MARK_STEP + 1}] = {{\n")
        position = 0
        for number, name in enumerate(functions.values()):
            if number % MARK_STEP == 0:
                out.write(f"    {position},\n")
            position += len(name) + 1
        out.write("};\nconst char symbol_names[] =\n")
        for name in functions.values():
            out.write(f'    "{name}\\0"\n')
        out.write('    "";\n')


main()
