# SPDX-License-Identifier: BSD-2-Clause
#
# Attach to a machine that runs, hangs or has died. In the clone's top folder:
#
#     gdb -x scripts/gdb/attach.gdb
#
# The machine is stopped, and goes on at `continue` or `detach`. Commands: docs/debugging.md.

set pagination off
set confirm off
set code-cache off
set stack-cache off
set architecture i386:x86-64
set disassembly-flavor intel

source scripts/gdb/ashlar.py
ashlar-symbols
ashlar-connect
