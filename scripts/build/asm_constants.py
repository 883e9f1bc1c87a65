#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Constants from C for NASM: compiles a file of ASM_CONSTANT() lines and extracts the numbers from the assembly.

usage: asm_constants.py INPUT.c OUTPUT.inc OUTPUT.d -- COMPILER ARGUMENTS...
"""
import re
import subprocess
import sys


def main():
    source, output, depfile = sys.argv[1:4]
    compiler = sys.argv[sys.argv.index("--") + 1 :]
    assembly = subprocess.run(
        compiler + ["-S", "-MD", "-MF", depfile, "-MQ", output, "-o", "-", source],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout
    found = re.findall(r"->ASM (\w+) \$?(-?\d+)", assembly)
    if not found:
        sys.exit(f"{source}: the compiler's output names no constant")
    with open(output, "w") as out:
        out.write("; Generated from asm_constants.c. Not to be edited.\n")
        for name, value in found:
            out.write(f"%define {name} {int(value) & (2**64 - 1):#x}\n")


main()
