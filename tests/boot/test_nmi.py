# SPDX-License-Identifier: BSD-2-Clause
"""NMIs at each instruction of a wait for an interrupt that is pending: docs/traps.md. tests/self/wait_command.c waits, gdb
steps to the instruction, QEMU injects."""
import os
import re
import subprocess

import pytest

import gdb_script

from ashlar import ROOT

HANG_SECONDS = 120
# More than there are from the check of the flag to the end of the wait.
MOST_STEPS = 60

# Round N steps N instructions, with interrupts masked by QEMU's gdbstub, and injects there; the round that has stepped as far as
# the wait itself is the last one. What is printed are the addresses at which NMIs were injected.
SCRIPT = '''
hbreak wait_begins
set $round = 0
set $over = 0
while !$over
  continue
  set $steps = 0
  while $steps < $round && $rip != (unsigned long)&wait_at_{way}
    stepi
    set $steps = $steps + 1
  end
  if $rip == (unsigned long)&wait_at_{way}
    set $over = 1
  end
  printf "NMI at %lx\\n", $rip
  monitor nmi
  set $round = $round + 1
end
printf "wait at %lx\\n", (unsigned long)&wait_at_{way}
printf "rounds %d\\n", $round
delete
continue
'''


@pytest.mark.parametrize('way', ['hlt', 'mwait'])
def test_an_nmi_at_any_instruction_loses_no_wakeup(start, build, way):
    session = start(extra=gdb_script.WAITING, boot='kernel', cmdline=f'run="wait {way} {MOST_STEPS}; exit"')
    socket = session.folder / 'gdb.sock'
    script = session.folder / 'inject.gdb'
    script.write_text(SCRIPT.replace('{way}', way))
    environment = dict(os.environ, ASHLAR_BUILD=str(build().folder), ASHLAR_GDB=str(socket), LC_ALL='C')
    session.wait_for_file(socket)
    done = subprocess.run(
        ['gdb', '-nx', '-batch', '-x', 'scripts/gdb/ashlar.gdb', '-x', str(script)],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
    )
    said = done.stdout + done.stderr
    outcome = session.wait(HANG_SECONDS)
    injected = re.findall(r'^NMI at (\w+)$', said, re.MULTILINE)
    wait_at = re.search(r'^wait at (\w+)$', said, re.MULTILINE)
    assert wait_at and injected[-1] == wait_at[1], said
    assert len(set(injected)) > 3, said
    assert outcome.verdict == 'pass', f'{outcome.words}\n{said}'
    assert f'wait: {MOST_STEPS} interrupts taken' in outcome.stream.lines
    # The kernel has counted each of them, too.
    assert sum('no device reports a cause' in line for line in outcome.stream.lines) == len(injected)
