# SPDX-License-Identifier: BSD-2-Clause
"""The exceptions of guests with encrypted memory, in the stub: docs/boot.md. gdb has the CPU raise them."""
import subprocess

import pytest

import firmware_leaves

LAST_WORDS_SECONDS = 60
VC, VE = 29, 20


@pytest.mark.parametrize(
    'vector, kind', [(VC, 'AMD SEV-ES or SEV-SNP; #VC was raised'), (VE, 'Intel TDX; #VE was raised')]
)
def test_an_encrypted_guest_is_refused_with_a_message(start, build, vector, kind):
    session = start(extra=firmware_leaves.WAITING, boot='kernel', machine='pc')
    socket = session.folder / 'gdb.sock'
    session.wait_for_file(socket)
    # confidential_kind() executes CPUID first, which raises the exception; here INT does, instead.
    commands = [
        'set pagination off',
        'set confirm off',
        'set architecture i386:x86-64',
        f'target remote {socket}',
        'hbreak *(unsigned long)&confidential_kind',
        'continue',
        f'set {{unsigned char}}{firmware_leaves.CODE:#x} = 0xcd',
        f'set {{unsigned char}}{firmware_leaves.CODE + 1:#x} = {vector}',
        f'set $rip = {firmware_leaves.CODE:#x}',
        'delete',
        'detach',
    ]
    script = session.folder / 'raise.gdb'
    script.write_text('\n'.join(commands) + '\n')
    subprocess.run(
        ['gdb', '-nx', '-batch', str(build().elf), '-x', str(script)],
        stdin=subprocess.DEVNULL,
        check=True,
        capture_output=True,
        timeout=LAST_WORDS_SECONDS,
    )
    said = session.expect(r'Ashlar cannot run here: .*', LAST_WORDS_SECONDS)[0]
    assert (
        said == f'Ashlar cannot run here: this is a guest with encrypted memory ({kind}). Start it without.'
    )
