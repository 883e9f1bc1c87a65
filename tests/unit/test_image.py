# SPDX-License-Identifier: BSD-2-Clause
"""scripts/check/image finds each violation that is planted in a sound image, and names it.

usage: test_image.py CHECK STUB KERNEL64 CC OBJDUMP NM
"""
import pathlib
import struct
import subprocess
import sys
import tempfile
import unittest

CHECK, STUB, KERNEL64, CC, OBJDUMP, NM = sys.argv[1:7]
MB2_MAGIC = struct.pack('<I', 0xE85250D6)


class ImageCheck(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self.scratch.name)
        self.stub = bytearray(pathlib.Path(STUB).read_bytes())
        self.kernel = bytearray(pathlib.Path(KERNEL64).read_bytes())

    def tearDown(self):
        self.scratch.cleanup()

    def check(self, *options):
        stub, kernel = self.folder / 'stub', self.folder / 'kernel64'
        stub.write_bytes(self.stub)
        kernel.write_bytes(self.kernel)
        return subprocess.run(
            [
                sys.executable,
                CHECK,
                str(stub),
                str(kernel),
                '--objdump',
                OBJDUMP,
                '--nm',
                NM,
                '--output',
                str(self.folder / 'out'),
                *options,
            ],
            capture_output=True,
            text=True,
        )

    def expect(self, violation, *options, lines=1):
        done = self.check(*options)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn(violation, done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), lines, done.stderr)
        self.assertFalse((self.folder / 'out').exists())

    def header_at(self):
        return next(at for at in range(0, 32768, 8) if self.stub[at : at + 4] == MB2_MAGIC)

    def note_at(self):
        return self.stub.index(struct.pack('<III', 4, 8, 18) + b'Xen\0')

    def header_of(self, kind, nth=0):
        """Where the n-th program header of that type is, in a 64-bit file."""
        offset, count = struct.unpack_from('<Q', self.stub, 32)[0], struct.unpack_from('<H', self.stub, 56)[0]
        return [at for at in range(offset, offset + 56 * count, 56) if self.stub[at] == kind][nth]

    def segment_flags_at(self, image, index):
        """Where the flags of a program header are."""
        wide = image[4] == 2
        table = struct.unpack_from('<Q', image, 32)[0] if wide else struct.unpack_from('<I', image, 28)[0]
        return table + (index * 56 + 4 if wide else index * 32 + 24)

    def test_a_sound_image_is_copied(self):
        self.assertEqual(self.check().stderr, '')
        self.assertEqual((self.folder / 'out').read_bytes(), bytes(self.stub))

    def test_a_missing_header(self):
        self.stub[self.header_at()] ^= 1
        self.expect('no Multiboot2 header')

    def test_a_header_beyond_the_first_32_kib(self):
        at = self.header_at()
        header = self.stub[at : at + 64]
        self.stub[at] ^= 1
        self.stub[40000:40064] = header
        self.expect('no Multiboot2 header')

    def test_a_header_that_is_not_aligned(self):
        at = self.header_at()
        self.stub[at + 4 : at + 68] = self.stub[at : at + 64]
        self.stub[at] ^= 1
        self.expect('no Multiboot2 header')

    def test_a_wrong_checksum(self):
        self.stub[self.header_at() + 12] ^= 1
        self.expect('wrong checksum')

    def test_images_that_grub_refuses(self):
        self.expect('grub-file does not take it', '--grub-file', 'false')

    def test_a_missing_pvh_note(self):
        self.stub[self.note_at() + 8] = 17
        self.expect('QEMU -kernel would not start it: it has no PVH note', lines=2)

    def test_a_pvh_note_that_qemu_reads_beyond(self):
        self.stub[self.note_at() + 4] = 4
        self.expect('its PVH note has 4 bytes, of which 8 are read')

    def test_a_pvh_entry_that_is_not_code(self):
        self.stub[self.note_at() + 18] ^= 0x40
        self.expect('its PVH entry is in no segment of code', lines=2)

    def test_notes_aligned_so_that_qemu_misses_the_entry(self):
        struct.pack_into('<Q', self.stub, self.header_of(4) + 48, 8)
        self.expect('its notes are aligned to 8')

    def test_a_32_bit_file(self):
        narrow = self.folder / 'narrow'
        (self.folder / 'wide').write_bytes(self.stub)
        subprocess.run(
            ['objcopy', '-I', 'elf64-x86-64', '-O', 'elf32-i386', self.folder / 'wide', narrow], check=True
        )
        self.stub = bytearray(narrow.read_bytes())
        self.expect('rust-vmm would not start it: it is no ELF64 file')

    def test_a_segment_below_1_mib(self):
        struct.pack_into('<Q', self.stub, self.header_of(1) + 24, 0x80000)
        self.expect('its entry or a segment is below 1 MiB')

    def test_program_headers_too_far_back_for_grub(self):
        offset, count = struct.unpack_from('<Q', self.stub, 32)[0], struct.unpack_from('<H', self.stub, 56)[0]
        headers = self.stub[offset : offset + 56 * count]
        struct.pack_into('<Q', self.stub, 32, len(self.stub))
        self.stub += headers
        self.expect('GRUB would not start it: its program headers end after byte 32768')

    def test_an_entry_that_is_not_code(self):
        struct.pack_into('<Q', self.stub, 24, 0x400000)
        self.expect('GRUB would not start it: its entry 0x400000 is in no segment of code')

    def test_segments_that_share_a_page(self):
        code = self.header_of(1, 1)
        struct.pack_into(
            '<Q', self.stub, code + 40, struct.unpack_from('<Q', self.stub, code + 40)[0] + 0x4000
        )
        self.expect('kexec would not start it: two segments share the page')

    def test_a_multiboot_1_header(self):
        struct.pack_into('<III', self.stub, 0x400, 0x1BADB002, 0, 0xFFFFFFFF & -0x1BADB002)
        self.expect('a Multiboot 1 header at byte 1024 is taken first')

    def test_a_required_request_that_limine_does_not_know(self):
        self.stub[self.header_at() + 24] = 17  # the first one, of the map, for the EFI map
        self.expect('Limine would not start it: it is asked for information [17]')

    def test_segments_writable_and_executable(self):
        for name in ('stub', 'kernel'):
            with self.subTest(name):
                self.setUp()
                image = getattr(self, name)
                image[self.segment_flags_at(image, 0)] |= 3
                self.expect('both writable and executable')

    def compile(self, text, *options):
        source, object_file = self.folder / 'it.c', self.folder / 'it.o'
        source.write_text(text)
        subprocess.run([*CC.split(), *options, '-c', '-o', str(object_file), str(source)], check=True)
        return object_file

    def test_relocation_sections(self):
        self.kernel = self.compile(
            'void g(void); void f(void) { g(); }\n', '-fno-asynchronous-unwind-tables'
        ).read_bytes()
        self.expect('relocation section')

    def test_vector_registers_in_either_program(self):
        for name, code in (
            ('stub', b'\x0f\x28\xc1'),
            ('kernel', b'\x0f\x28\xc1'),
            ('kernel', b'\x0f\x6f\xc1'),
            ('kernel', b'\xd9\xc1\x90'),
        ):
            with self.subTest(name):
                self.setUp()
                image = getattr(self, name)
                at = self.code_at(image)
                image[at : at + len(code)] = code
                self.expect('uses a vector register')

    def code_at(self, image):
        """The file's first byte of code: the executable segment's, for kernel64; the entry's, for the stub."""
        wide = image[4] == 2
        entry = struct.unpack_from('<Q' if wide else '<I', image, 24)[0]
        count = struct.unpack_from('<H', image, 56 if wide else 44)[0]
        for i in range(count):
            at = self.segment_flags_at(image, i)
            if wide:
                offset, virtual = struct.unpack_from('<QQ', image, at + 4)
                size = struct.unpack_from('<Q', image, at + 28)[0]
            else:
                offset, virtual, _, size = struct.unpack_from('<IIII', image, at - 20)
            if virtual <= entry < virtual + size:
                return offset + entry - virtual
        self.fail('the entry is in no segment')

    def test_a_common_symbol(self):
        object_file = self.compile('int undefined_variable;\n', '-fcommon')
        self.expect('undefined_variable is a COMMON symbol', '--archive', str(object_file))

    def test_an_address_in_code_that_may_be_moved(self):
        object_file = self.compile('extern int x; int *const table[] = { &x };\n', '-m32', '-fno-pic')
        self.expect('holds the address of x', '--relocatable', str(object_file))

    def test_a_payload_that_is_too_large(self):
        self.expect('1 more than it may have', '--payload', KERNEL64, '--largest', str(len(self.kernel) - 1))


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1])
