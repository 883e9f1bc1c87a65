# SPDX-License-Identifier: BSD-2-Clause
"""The exceptions of guests with encrypted memory, in the stub: docs/boot.md. gdb has the CPU raise them."""
import pytest

import firmware_leaves
import gdb_script

LAST_WORDS_SECONDS = 60
VC, VE = 29, 20


@pytest.mark.parametrize(
    'vector, kind', [(VC, 'AMD SEV-ES or SEV-SNP; #VC was raised'), (VE, 'Intel TDX; #VE was raised')]
)
def test_an_encrypted_guest_is_refused_with_a_message(start, build, vector, kind):
    session = start(extra=gdb_script.WAITING, boot='kernel', machine='pc')
    # confidential_kind() executes CPUID first, which raises the exception; here INT does, instead.
    commands = [
        'hbreak *(unsigned long)&confidential_kind',
        'continue',
        f'set {{unsigned char}}{firmware_leaves.CODE:#x} = 0xcd',
        f'set {{unsigned char}}{firmware_leaves.CODE + 1:#x} = {vector}',
        f'set $rip = {firmware_leaves.CODE:#x}',
        'delete',
        'detach',
    ]
    gdb_script.execute(session, build().elf, commands)
    said = session.expect(r'Ashlar cannot run here: .*', LAST_WORDS_SECONDS)[0]
    assert (
        said == f'Ashlar cannot run here: this is a guest with encrypted memory ({kind}). Start it without.'
    )
