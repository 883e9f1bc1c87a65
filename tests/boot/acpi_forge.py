# SPDX-License-Identifier: BSD-2-Clause
"""Invalid ACPI tables, which GRUB's `acpi` command puts into a whole machine.

Fields and offsets: ACPI Specification 6.5, 5.2; the numbers are those of QEMU's q35 where nothing else is said."""
import struct


def table(signature, body, revision=1):
    head = struct.pack(
        '<4sIBB6s8sIII', signature.encode(), 36 + len(body), revision, 0, b'FORGED', b'FORGED  ', 1, 0, 1
    )
    data = bytearray(head + body)
    data[9] = -sum(data) & 0xFF
    return bytes(data)


def cpu(apic_id):
    return struct.pack('<BBBBI', 0, 8, apic_id, apic_id, 1)


def ioapic(ioapic_id, address, gsi_base):
    return struct.pack('<BBBBII', 1, 12, ioapic_id, 0, address, gsi_base)


def override(source, gsi, flags=0, bus=0):
    return struct.pack('<BBBBIH', 2, 10, bus, source, gsi, flags)


TIMER = override(0, 2)
LINT1_NMI = struct.pack('<BBBHB', 4, 6, 0xFF, 0, 1)


def madt(*entries):
    return table('APIC', struct.pack('<II', 0xFEE00000, 1) + b''.join(entries), revision=3)


def gas(space, address, bits=32):
    return struct.pack('<BBBBQ', space, bits, 0, 0, address)


def hpet(address):
    return table('HPET', struct.pack('<I', 0x8086A201) + gas(0, address, 0) + struct.pack('<BHB', 0, 0, 0))


def fadt(**fields):
    """QEMU's q35, with some fields changed: offset as a key of @fields, such as at_208=gas(...)."""
    body = bytearray(276 - 36)

    def put(offset, data):
        body[offset - 36 : offset - 36 + len(data)] = data

    for offset, form, value in (
        (46, 'H', 9),
        (48, 'I', 0xB2),
        (52, 'B', 2),
        (53, 'B', 3),
        (56, 'I', 0x600),
        (64, 'I', 0x604),
        (76, 'I', 0x608),
        (80, 'I', 0x620),
        (88, 'B', 4),
        (89, 'B', 2),
        (91, 'B', 4),
        (92, 'B', 16),
        (108, 'B', 0x32),
        (112, 'I', 0x84A5),
    ):
        put(offset, struct.pack('<' + form, value))
    for key, data in fields.items():
        put(int(key.removeprefix('at_')), data)
    return table('FACP', bytes(body), revision=3)


def dsdt(aml=b'', signature='DSDT'):
    return table(signature, aml)


S5_OF_ONE = bytes.fromhex('085f53355f12030100')
S5_OF_ONE_BYTE = bytes.fromhex('085f53355f1204010a00')
