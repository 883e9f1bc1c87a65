# SPDX-License-Identifier: BSD-2-Clause
"""Other loaders than GRUB and QEMU's -kernel."""
import gzip
import pathlib
import shutil
import struct
import subprocess

import pytest

import rust_vmm

SECONDS = 120
MIB = 1 << 20


# --- rust-vmm: Firecracker, Cloud Hypervisor ----------------------------------------------------

@pytest.fixture
def start_vmm(start, build, tmp_path):
    """start_vmm(commands, ...): a session of the image as rust-vmm's loader puts it into memory; no firmware, no ACPI, no
    PCI, no fw_cfg command line."""
    def make(commands, memory='256M', smp='1', **info):
        words = rust_vmm.machine_words(tmp_path, build().elf.read_bytes(), f'reboot=k {commands} debugexit=0xf4',
                                       int(memory[:-1]) * MIB, **info)
        return start(boot='none', machine='microvm,acpi=off,rtc=off', memory=memory, smp=smp, debug_exit=False,
                     extra=(*words, '-device', 'isa-debug-exit,iobase=0xf4,iosize=4'))
    return make


def test_rust_vmms_loader_starts_it_without_firmware(start_vmm):
    outcome = start_vmm('run="report; test; exit"').wait(SECONDS)
    assert outcome.verdict == 'pass', outcome.words
    assert outcome.stream.fact('boot')['protocol'] == 'pvh'
    assert outcome.stream.fact('memory')['usable_bytes'] > 200 * MIB


def test_rust_vmms_loader_knows_64_bit_headers_only(build, tmp_path):
    """What the image was before: our emulation of that loader refuses what the real one refuses."""
    narrow = tmp_path / 'narrow.elf'
    subprocess.run(['objcopy', '-I', 'elf64-x86-64', '-O', 'elf32-i386', str(build().elf), str(narrow)], check=True)
    with pytest.raises(rust_vmm.Refused, match='InvalidProgramHeaderSize'):
        rust_vmm.load_elf(narrow.read_bytes())


@pytest.mark.parametrize('what, words', [
    ({'modules': (1000000, 64 * MIB)}, 'the start info has more modules than any machine; their number (0xf4240)'),
    ({'memory_map': (1000000, 64 * MIB)}, "the memory map has more entries than any machine's; their number (0xf4240)"),
    ({'memory_map': (0xffffffff, 0)}, "the memory map has more entries than any machine's; their number (0xffffffff)"),
], ids=['modules', 'map', 'map-unreadable'])
def test_a_million_entries_are_refused_at_once_in_words(start_vmm, what, words):
    outcome = start_vmm('run="exit"', **what).wait(SECONDS)
    assert outcome.verdict == 'panic', outcome.words
    text = '\n'.join(outcome.stream.lines)
    assert words in text
    assert "the loader's information at P0x6000 cannot be used: it does not fit." in text


def test_a_start_info_without_a_memory_map_is_refused_in_words(start_vmm):
    outcome = start_vmm('run="exit"', memory_map=(0, 0)).wait(SECONDS)
    assert outcome.verdict == 'panic', outcome.words
    assert any('lists no usable memory' in line for line in outcome.stream.lines)


# --- a leading file name -------------------------------------------------------------------------

@pytest.mark.parametrize('first, is_warned', [('/boot/ashlar.elf', False), ('./ashlar', False), ('consle', True)])
def test_the_kernels_file_name_in_front_is_no_option(start, first, is_warned):
    outcome = start(boot='kernel', machine='pc', cmdline=f'{first} run="exit" /boot/other.elf').wait(SECONDS)
    assert outcome.verdict == 'pass', outcome.words
    text = '\n'.join(outcome.stream.lines)
    assert (f'option {first}' in text) == is_warned
    # In any other place it is one that nobody knows.
    assert 'option /boot/other.elf' in text
