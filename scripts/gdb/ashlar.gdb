# SPDX-License-Identifier: BSD-2-Clause
#
# Source-level debugging of both programs, stub32 and kernel64. In the clone's top folder:
#
#     scripts/run --debug                       in one terminal: the machine waits
#     gdb -x scripts/gdb/ashlar.gdb             in another: stops at kernel64_main
#
# See docs/debugging.md. This file has the steps before the connection, and the connection; commands of our own are in
# ashlar.py. attach.gdb is for a machine that runs already.

set pagination off
set confirm off
# The machine changes its page tables under gdb; nothing read before may be believed after.
set code-cache off
set stack-cache off
# 32-bit stub32 and 64-bit kernel64 share one connection: the wide one shows both.
set architecture i386:x86-64
set disassembly-flavor intel

source scripts/gdb/ashlar.py
ashlar-symbols

ashlar-connect

# Hardware breakpoints: kernel64's pages are neither loaded nor mapped yet, so there is nowhere to
# write a software breakpoint to.
hbreak kernel64_main
continue
ashlar-relocate
