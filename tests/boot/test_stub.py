# SPDX-License-Identifier: BSD-2-Clause
"""Refusals of stub32, with a message on serial and on the screen; and that it runs where the loader puts
it."""
import re
import struct

import pytest

VGA_TEXT, VGA_BYTES = 0xB8000, 80 * 25 * 2
LAST_WORDS_SECONDS = 60


def start_of_kernel64(image):
    """Where kernel64's file begins inside the image: the second ELF header."""
    return image.index(b'\x7fELF\x02', 4)


def screen_text(session):
    """What VGA's text memory shows, as one line without the blanks at the ends of rows."""
    dump = session.folder / 'vga.bin'
    session.qmp('pmemsave', val=VGA_TEXT, size=VGA_BYTES, filename=str(dump))
    cells = dump.read_bytes()[::2].decode('ascii', 'replace')
    return ''.join(cells[at : at + 80] for at in range(0, len(cells), 80))


@pytest.fixture
def dies(start):
    """dies(words, machine words...): boots and expects the stub's fatal error, on serial and on the screen."""

    def run(words, **machine):
        session = start(boot='kernel', machine='pc', qmp=True, **machine)
        said = session.expect(re.escape(words), LAST_WORDS_SECONDS)[0]
        # A row of the screen breaks anywhere.
        assert said in screen_text(session)
        assert not session.stream().objects

    return run


@pytest.fixture
def changed(build, tmp_path):
    """changed(function): a copy of the image that @function, given its bytes, has changed."""

    def make(change):
        image = bytearray(build().elf.read_bytes())
        change(image)
        path = tmp_path / 'changed.elf'
        path.write_bytes(image)
        return path

    return make


@pytest.mark.parametrize('cpu', ['qemu32', 'pentium3', '486'])
def test_a_cpu_without_long_mode_is_refused(dies, cpu):
    dies('Ashlar cannot run on this CPU: it has no long mode (it is a 32-bit CPU).', cpu=cpu)


def test_refusals_are_also_printed_on_the_debug_port(start):
    session = start(boot='kernel', machine='pc', cpu='qemu32', extra=('-debugcon', 'file:debugcon.log'))
    words = 'Ashlar cannot run on this CPU: it has no long mode (it is a 32-bit CPU).'
    session.expect(re.escape(words), LAST_WORDS_SECONDS)
    assert words in (session.folder / 'debugcon.log').read_text()


@pytest.mark.parametrize(
    'missing,what',
    [
        ('pae', 'physical address extension (PAE)'),
        ('tsc', 'time-stamp counter (TSC)'),
        ('pge', 'global pages (PGE)'),
        ('pat', 'page attribute table (PAT)'),
    ],
)
def test_a_cpu_without_another_required_feature_is_refused(dies, missing, what):
    dies(f'Ashlar cannot run on this CPU: it has no {what}.', cpu=f'qemu64,-{missing}')


def test_an_unknown_magic_number_is_refused(dies, changed):
    """QEMU enters at the address of the PVH note; here that is the Multiboot2 entry."""

    def enter_as_multiboot2(image):
        note = image.index(struct.pack('<III', 4, 8, 18) + b'Xen\0')
        struct.pack_into('<I', image, note + 16, struct.unpack_from('<I', image, 24)[0])

    dies('in EAX, but a Multiboot2 loader leaves 0x36d76289 there.', image=changed(enter_as_multiboot2))


def last_segment(image):
    """Where the program header of kernel64's last segment is."""
    kernel = start_of_kernel64(image)
    offset, count = (
        struct.unpack_from('<Q', image, kernel + 32)[0],
        struct.unpack_from('<H', image, kernel + 56)[0],
    )
    return kernel + offset + (count - 1) * 56


def test_a_kernel64_that_does_not_fit_is_refused_with_its_size(dies, changed):
    def grow(image):
        struct.pack_into('<Q', image, last_segment(image) + 40, 64 << 20)

    dies("Ashlar's image cannot be started: kernel64: too large; it needs 0x4", image=changed(grow))


def test_a_damaged_kernel64_is_refused(dies, changed):
    def damage(image):
        struct.pack_into('<I', image, last_segment(image) + 4, 7)  # readable, writable, executable

    dies("Ashlar's image cannot be started: kernel64: malformed data.", image=changed(damage))


@pytest.mark.parametrize('cpu', ['qemu64', 'qemu64,+pdpe1gb', 'qemu64,-nx', 'qemu64,+la57', 'Nehalem', 'max'])
def test_optional_cpu_features_may_be_missing(boot, cpu):
    outcome = boot('audit; test; exit', boot='kernel', cpu=cpu)
    assert outcome.verdict == 'pass', outcome.words
    has_huge = bool(re.search(r'[1-9]\d* of 1 GiB', '\n'.join(outcome.stream.lines)))
    assert not has_huge or 'pdpe1gb' in cpu or cpu == 'max'


def test_the_stub_runs_where_the_loader_puts_it(boot, start, build, tmp_path):
    """GRUB loads it as low as it can: a module of the size of all low memory does not prevent that, but a
    hole at the beginning of memory does. Here the header's lowest address is raised instead."""
    image = bytearray(build().elf.read_bytes())
    at = next(at for at in range(0, 32768, 8) if image[at : at + 4] == struct.pack('<I', 0xE85250D6))
    length = struct.unpack_from('<I', image, at + 8)[0]
    tag = at + 16
    while tag < at + length:
        kind, _, size = struct.unpack_from('<HHI', image, tag)
        if kind == 10:  # relocatable: lowest and highest address, alignment, preference
            struct.pack_into('<I', image, tag + 8, 64 << 20)
            break
        tag += size + 7 & ~7
    else:
        pytest.fail('the header does not say that the image can be relocated')
    moved = tmp_path / 'moved.elf'
    moved.write_bytes(image)
    variant = build()
    outcome = start(
        image=variant.make_iso(tmp_path / 'moved.iso', elf=moved),
        boot='iso',
        memory='256M',
        cmdline='run="map; test; exit"',
    ).wait(120)
    assert outcome.verdict == 'pass', outcome.words
    kernel = [line for line in outcome.stream.lines if re.search(r'\bkernel$', line)][0]
    assert int(kernel.split()[0], 16) >= 64 << 20
