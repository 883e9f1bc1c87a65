# SPDX-License-Identifier: BSD-2-Clause
"""An image with a fault planted: the first instruction of one function of kernel64 is UD2."""
import pathlib
import struct
import subprocess

UD2 = b'\x0f\x0b'


def address_of(kernel64, function):
    """Where @function is linked."""
    listing = subprocess.run(['nm', str(kernel64)], check=True, capture_output=True, text=True).stdout
    found = [line.split()[0] for line in listing.splitlines() if line.split()[-1] == function]
    assert len(found) == 1, f'{function}: {len(found)} symbols of that name'
    return int(found[0], 16)


def offset_in(image, address):
    """The offset of the byte at @address of kernel64 in the loadable file: kernel64's file is inside the stub's."""
    kernel = image.index(b'\x7fELF\x02', 4)
    headers, count = (
        struct.unpack_from('<Q', image, kernel + 32)[0],
        struct.unpack_from('<H', image, kernel + 56)[0],
    )
    for i in range(count):
        kind, _, offset, virtual, _, size = struct.unpack_from('<IIQQQQ', image, kernel + headers + i * 56)
        if kind == 1 and virtual <= address < virtual + size:
            return kernel + offset + address - virtual
    raise AssertionError(f'{address:#x} is in no segment')


def plant(variant, function, path):
    """A copy of @variant's image at @path that faults when @function is called."""
    image = bytearray(variant.elf.read_bytes())
    at = offset_in(image, address_of(variant.path('kernel64/kernel64'), function))
    image[at : at + len(UD2)] = UD2
    pathlib.Path(path).write_bytes(image)
    return path
