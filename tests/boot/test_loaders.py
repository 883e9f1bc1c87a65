# SPDX-License-Identifier: BSD-2-Clause
"""Other loaders than GRUB and QEMU's -kernel."""
import pathlib
import shutil
import struct
import subprocess

import pytest

import kexec
import rust_vmm
from ashlar import ROOT, Failure
from ashlar.machine import find_ovmf

SECONDS = 120
MIB = 1 << 20


# --- rust-vmm: Firecracker, Cloud Hypervisor ----------------------------------------------------


@pytest.fixture
def start_vmm(start, build, tmp_path):
    """start_vmm(commands, ...): a session of the image as rust-vmm's loader puts it into memory; no firmware, no ACPI, no
    PCI, no fw_cfg command line."""

    def make(commands, memory='256M', smp='1', **info):
        words = rust_vmm.machine_words(
            tmp_path,
            build().elf.read_bytes(),
            f'reboot=k {commands} debugexit=0xf4',
            int(memory[:-1]) * MIB,
            **info,
        )
        return start(
            boot='none',
            machine='microvm,acpi=off,rtc=off',
            memory=memory,
            smp=smp,
            debug_exit=False,
            extra=(*words, '-device', 'isa-debug-exit,iobase=0xf4,iosize=4'),
        )

    return make


def test_the_rust_vmm_loader_boots_without_firmware(start_vmm):
    outcome = start_vmm('run="report; test; exit"').wait(SECONDS)
    assert outcome.verdict == 'pass', outcome.words
    assert outcome.stream.fact('boot')['protocol'] == 'pvh'
    assert outcome.stream.fact('memory')['usable_bytes'] > 200 * MIB


def test_the_rust_vmm_loader_accepts_64_bit_headers_only(build, tmp_path):
    """What the image was before: our emulation of that loader refuses what the real one refuses."""
    narrow = tmp_path / 'narrow.elf'
    subprocess.run(
        ['objcopy', '-I', 'elf64-x86-64', '-O', 'elf32-i386', str(build().elf), str(narrow)], check=True
    )
    with pytest.raises(rust_vmm.Refused, match='InvalidProgramHeaderSize'):
        rust_vmm.load_elf(narrow.read_bytes())


@pytest.mark.parametrize(
    'what, words',
    [
        (
            {'modules': (1000000, 64 * MIB)},
            'too many modules: count (0xf4240)',
        ),
        (
            {'memory_map': (1000000, 64 * MIB)},
            "memory map: too many entries: count (0xf4240)",
        ),
        (
            {'memory_map': (0xFFFFFFFF, 0)},
            "memory map: too many entries: count (0xffffffff)",
        ),
    ],
    ids=['modules', 'map', 'map-unreadable'],
)
def test_a_million_entries_are_refused_at_once_with_a_message(start_vmm, what, words):
    outcome = start_vmm('run="exit"', **what).wait(SECONDS)
    assert outcome.verdict == 'panic', outcome.words
    text = '\n'.join(outcome.stream.lines)
    assert words in text
    assert "invalid boot information at P0x6000: too large." in text


def test_a_start_info_without_a_memory_map_is_refused_with_a_message(start_vmm):
    outcome = start_vmm('run="exit"', memory_map=(0, 0)).wait(SECONDS)
    assert outcome.verdict == 'panic', outcome.words
    assert any('lists no usable memory' in line for line in outcome.stream.lines)


# --- kexec ---------------------------------------------------------------------------------------


@pytest.fixture(scope='session')
def linux_and_kexec():
    try:
        return kexec.fetch(ROOT / 'build-test/linux')
    except Failure as failure:
        pytest.skip(f'no Linux to kexec from: {str(failure).splitlines()[-1]}')


@pytest.fixture
def start_from_linux(start, build, linux_and_kexec, tmp_path):
    kernel, tools = linux_and_kexec

    def make(firmware, commands, has_rsdp=True):
        initrd = kexec.make_initrd(tmp_path, tools, build().elf, f'{commands} debugexit=0xf4', has_rsdp)
        flash = (
            ('-drive', f'if=pflash,unit=0,format=raw,readonly=on,file={find_ovmf()}')
            if firmware == 'uefi'
            else ()
        )
        return start(
            boot='none',
            machine='q35',
            memory='1G',
            debug_exit=False,
            extra=(
                *flash,
                '-kernel',
                kernel,
                '-initrd',
                initrd,
                '-append',
                'console=ttyS0 quiet',
                '-device',
                'isa-debug-exit,iobase=0xf4,iosize=4',
            ),
        )

    return make


@pytest.mark.parametrize('firmware', ['bios', 'uefi'])
def test_kexec_boots_from_linux(start_from_linux, firmware):
    outcome = start_from_linux(firmware, 'run="report; test traps*; exit"').wait(3 * SECONDS)
    text = '\n'.join(outcome.stream.lines)
    assert '"status":"pass"' in text, outcome.words
    facts = outcome.stream.fact('boot')
    assert facts['loader'].startswith('kexec') and facts['command_line'].startswith('/ashlar.elf ')
    assert ' acpi: ' in text and 'no RSDP found' not in text
    assert ('acpi_rsdp=0x' in facts['command_line']) == (firmware == 'uefi')
    assert 'option /ashlar.elf' not in text


def test_kexec_from_uefi_linux_boots_without_a_root_pointer(start_from_linux):
    outcome = start_from_linux('uefi', 'run="exit"', has_rsdp=False).wait(3 * SECONDS)
    text = '\n'.join(outcome.stream.lines)
    assert 'acpi: no RSDP found' in text and '"status":"pass"' in text, outcome.words


@pytest.mark.parametrize(
    'value, words',
    [
        ('0x1000', 'acpi_rsdp=0x1000: no RSDP at this address; searching for one'),
        ('here', 'acpi_rsdp=here: expected an address'),
    ],
)
def test_an_invalid_root_pointer_is_reported_and_another_searched_for(start, value, words):
    outcome = start(boot='kernel', machine='pc', cmdline=f'acpi_rsdp={value} run="exit"').wait(SECONDS)
    text = '\n'.join(outcome.stream.lines)
    assert outcome.verdict == 'pass' and words in text and 'RSDT at' in text, outcome.words


# --- UEFI of 32 bits -----------------------------------------------------------------------------

OVMF32 = pathlib.Path('/usr/share/OVMF')


@pytest.mark.skipif(
    not (OVMF32 / 'OVMF32_CODE_4M.secboot.fd').exists(), reason='no OVMF of 32 bits (package ovmf-ia32)'
)
def test_32_bit_uefi_boots_from_the_iso(start, build, tmp_path):
    variables = tmp_path / 'variables.fd'
    shutil.copy(OVMF32 / 'OVMF32_VARS_4M.fd', variables)
    outcome = start(
        boot='iso',
        machine='q35,smm=on',
        cmdline='run="report; exit"',
        extra=(
            '-global',
            'driver=cfi.pflash01,property=secure,value=on',
            '-drive',
            f'if=pflash,unit=0,format=raw,readonly=on,file={OVMF32}/OVMF32_CODE_4M.secboot.fd',
            '-drive',
            f'if=pflash,unit=1,format=raw,file={variables}',
        ),
    ).wait(3 * SECONDS)
    assert outcome.verdict == 'pass', outcome.words
    text = '\n'.join(outcome.stream.lines)
    assert outcome.stream.fact('boot')['loader'].startswith('GRUB')
    assert 'framebuffer at' in text and 'XSDT at' in text


def test_the_iso_has_programs_for_both_kinds_of_uefi(build, tmp_path):
    image = tmp_path / 'efi.img'
    subprocess.run(
        [
            'xorriso',
            '-osirrox',
            'on',
            '-indev',
            str(build().iso),
            '-extract',
            '/boot/grub/efi.img',
            str(image),
        ],
        check=True,
        stdin=subprocess.DEVNULL,
        capture_output=True,
    )
    for name, machine in (('BOOTX64.EFI', 0x8664), ('BOOTIA32.EFI', 0x14C)):
        program = subprocess.run(
            ['mtype', '-i', str(image), f'::/EFI/BOOT/{name}'],
            check=True,
            stdout=subprocess.PIPE,
            env={'MTOOLS_SKIP_CHECK': '1', 'PATH': '/usr/bin:/bin'},
        ).stdout
        header = struct.unpack_from('<I', program, 0x3C)[0]
        assert program[:2] == b'MZ' and struct.unpack_from('<4sH', program, header) == (b'PE\0\0', machine)


# --- a leading file name -------------------------------------------------------------------------


@pytest.mark.parametrize(
    'first, is_warned', [('/boot/ashlar.elf', False), ('./ashlar', False), ('consle', True)]
)
def test_a_leading_kernel_file_name_is_not_an_option(start, first, is_warned):
    outcome = start(boot='kernel', machine='pc', cmdline=f'{first} run="exit" /boot/other.elf').wait(SECONDS)
    assert outcome.verdict == 'pass', outcome.words
    text = '\n'.join(outcome.stream.lines)
    assert (f"unknown option '{first}'" in text) == is_warned
    # In any other place it is an unknown option.
    assert "unknown option '/boot/other.elf'" in text
