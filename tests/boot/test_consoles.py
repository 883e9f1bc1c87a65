# SPDX-License-Identifier: BSD-2-Clause
"""Which consoles are used, and that an early panic is shown on every console of the machine, also without COM1."""
import re
import struct

import pytest
from conftest import wait_until

from ashlar.screenshot import read_screenshot
from planted import plant

VGA_TEXT, VGA_BYTES = 0xB8000, 80 * 25 * 2
SECONDS = 120
# From the first step that can fail to the last one before interrupts.
EARLY = [
    'machine_read_handoff',
    'clock_init',
    'consoles_start',
    'machine_read_memory_map',
    'acpi_init',
    'machine_build_memory_map',
    'address_space_init',
    'vrange_init',
    'memory_init',
    'controllers_init',
    'time_init',
]
# The loader's screen, which is known only once its data are read.
BEFORE_THE_LOADERS_WORDS = ['machine_read_handoff']


@pytest.fixture
def faulty(build, tmp_path):
    """faulty(function, ...): an image, or with gfxmode= an ISO, that faults when @function is called."""

    def make(function, gfxmode=None):
        variant = build()
        elf = plant(variant, function, tmp_path / 'faulty.elf')
        return variant.make_iso(tmp_path / 'faulty.iso', elf=elf, gfxmode=gfxmode) if gfxmode else elf

    return make


def without_com1(session):
    """QEMU without any serial port. The control socket is all that is left."""
    command = session.command
    at = command.index('-serial')
    command[at : at + 2] = ['-serial', 'none']
    return session


@pytest.fixture
def start_mute(start, monkeypatch):
    """start() of a machine without serial ports."""
    from ashlar.session import Session

    of = Session.of
    monkeypatch.setattr(Session, 'of', staticmethod(lambda *words, **more: without_com1(of(*words, **more))))
    return start


def read_log(session, name):
    path = session.folder / name
    return path.read_text() if path.exists() else ''


def text_screen(session):
    dump = session.folder / 'vga.bin'
    session.qmp('pmemsave', val=VGA_TEXT, size=VGA_BYTES, filename=str(dump))
    cells = dump.read_bytes()[::2].decode('ascii', 'replace')
    return '\n'.join(cells[at : at + 80].rstrip() for at in range(0, len(cells), 80))


def graphics_screen(session):
    shot = session.folder / 'shot.ppm'
    session.qmp('screendump', filename=str(shot))
    return '\n'.join(read_screenshot(shot, (8, 16)))


def expect_panic(read, session, is_alone=True):
    """The end of a report stands on the screen, with the record for programs if no console is anything else."""
    text = wait_until(lambda: read(session), lambda text: 'The machine is halted' in text)
    assert ('"status":"panic"' in text.replace('\n', '')) == is_alone, text
    return text


@pytest.mark.parametrize('function', EARLY)
def test_an_early_panic_is_shown_on_a_text_screen_without_com1(start_mute, faulty, function):
    session = start_mute(image=faulty(function), boot='kernel', machine='pc', qmp=True, debug_exit=False)
    expect_panic(text_screen, session)


@pytest.mark.parametrize('function', [name for name in EARLY if name not in BEFORE_THE_LOADERS_WORDS])
def test_an_early_panic_is_shown_on_a_framebuffer_without_com1(start_mute, faulty, function):
    session = start_mute(
        image=faulty(function, gfxmode='1024x768x32'), boot='iso', qmp=True, debug_exit=False
    )
    text = expect_panic(graphics_screen, session)
    assert function in text
    # What was logged before is there too.
    assert function == 'clock_init' or 'boot: Ashlar' in text


@pytest.mark.parametrize('function', ['acpi_init', 'address_space_init'])
def test_an_early_panic_is_shown_on_a_uefi_framebuffer_without_com1(start_mute, faulty, function):
    session = start_mute(
        image=faulty(function, gfxmode='auto'), boot='iso', firmware='uefi', qmp=True, debug_exit=False
    )
    assert function in expect_panic(graphics_screen, session)


@pytest.mark.parametrize('function', ['machine_read_handoff', 'acpi_init', 'vrange_init', 'memory_init'])
def test_an_early_panic_is_shown_on_the_debug_port_alone(start_mute, faulty, function):
    session = start_mute(
        image=faulty(function),
        boot='kernel',
        machine='microvm',
        debug_exit=False,
        extra=('-debugcon', 'file:debugcon.log'),
    )
    text = wait_until(
        lambda: read_log(session, 'debugcon.log'), lambda text: 'The machine is halted.' in text
    )
    assert function in text


@pytest.mark.parametrize('console', ['vga', 'serial', 'debugcon'])
def test_a_panic_is_shown_on_consoles_not_in_the_option(start, console):
    """With the whole log before it, once on each."""
    session = start(
        boot='kernel',
        machine='pc',
        qmp=True,
        debug_exit=False,
        cmdline=f'console={console}',
        extra=('-debugcon', 'file:debugcon.log'),
    )
    texts = {
        'vga': lambda: text_screen(session),
        'serial': lambda: session.log().decode(),
        'debugcon': lambda: read_log(session, 'debugcon.log'),
    }
    wait_until(texts[console], lambda text: 'ashlar> ' in text or text.rstrip().endswith('ashlar>'))
    for name, text in texts.items():
        assert name == console or 'ashlar>' not in text()
    session.type('crash panic\n')
    for name in ('serial', 'debugcon'):
        text = wait_until(texts[name], lambda text: 'The machine is halted' in text)
        assert text.count('boot: Ashlar') == 1
        assert 'PANIC: ' in text and '"status":"panic"' in text
    expect_panic(text_screen, session, is_alone=False)


def test_the_debug_port_is_a_console(start):
    session = start(boot='kernel', cmdline='run="help; exit"', extra=('-debugcon', 'file:debugcon.log'))
    assert session.wait(SECONDS).verdict == 'pass'
    text = (session.folder / 'debugcon.log').read_text()
    assert text == session.log().decode().replace('\r\n', '\n')


def test_a_machine_with_only_the_debug_port_boots(start_mute):
    session = start_mute(
        boot='kernel', machine='microvm', cmdline='run="test; exit"', extra=('-debugcon', 'file:debugcon.log')
    )
    session.wait(SECONDS)
    assert '"status":"pass"' in (session.folder / 'debugcon.log').read_text()


# --- which serial port, and how fast -------------------------------------------------------------

# A whole table: revision 2, port 0x3f8, speed 0. GRUB sets what neither reset nor the kernel would.
SPCR_SPEED_0 = bytes.fromhex(
    '535043525000000002e954455354455242554752455052540100000054455354010000000000000001080000f803000000000000010400000000000001'
    '000300ffffffff000000000000000000000000'
)
GRUB_CFG = '''set timeout=0
serial --unit=0 --speed=19200
terminal_output serial
menuentry Ashlar {
    acpi --exclude=SPCR /boot/spcr.bin
    multiboot2 /boot/ashlar.elf @CMDLINE@
    boot
}
'''


def spcr(port, baud_code=7, interface=0, space=1, pci=(0xFFFF, 0xFFFF, 0, 0, 0), revision=2):
    """The body of an SPCR, after the header: a 16550 at an I/O port."""
    vendor, device, *place = pci
    return struct.pack(
        '<B3xBBBBQBBIBBBBBB', interface, space, 8, 0, 0, port, 0, 0, 0, baud_code, 0, 1, 0, 3, 0
    ) + struct.pack('<HHBBBIBI', device, vendor, *place, 0, 0, 0)


@pytest.fixture
def start_with_spcr(start, tmp_path):
    def make(body, extra=(), **words):
        (tmp_path / 'spcr').write_bytes(body)
        return start(
            boot='kernel', extra=(*extra, '-acpitable', f'sig=SPCR,rev=2,data={tmp_path / "spcr"}'), **words
        )

    return make


def speeds_set(session):
    """What QEMU's UART was at, each time that a register of it was written which the speed depends on."""
    trace = (session.folder / 'emulator.log').read_text()
    return [int(speed) for speed in re.findall(r'serial_update_parameters baudrate=(\d+)', trace)]


def test_spcr_speed_0_keeps_the_speed_set_by_grub(start, build, tmp_path):
    (tmp_path / 'spcr.bin').write_bytes(SPCR_SPEED_0)
    (tmp_path / 'grub.cfg').write_text(GRUB_CFG)
    iso = build().make_iso(
        tmp_path / 'spcr.iso',
        modules=[tmp_path / 'spcr.bin'],
        grub_cfg=tmp_path / 'grub.cfg',
        grub_modules=['acpi'],
    )
    session = start(image=iso, boot='iso', cmdline='run="exit"', extra=('-trace', 'serial_update_parameters'))
    outcome = session.wait(SECONDS)
    assert outcome.verdict == 'pass', outcome.words
    assert any('SPCR: serial port 0x3f8 at firmware\'s speed' in line for line in outcome.stream.lines)
    speeds = speeds_set(session)
    assert speeds[-1] == 19200
    # From GRUB's own setting on there is no other.
    assert set(speeds[speeds.index(19200) :]) == {19200}, speeds


def test_without_spcr_com1_is_set_to_115200(start):
    session = start(boot='kernel', cmdline='run="exit"', extra=('-trace', 'serial_update_parameters'))
    assert session.wait(SECONDS).verdict == 'pass'
    assert speeds_set(session)[-1] == 115200


@pytest.mark.parametrize('code', [0, 3, 7])
def test_the_log_is_printed_once_on_the_spcr_port(start_with_spcr, code):
    """Also where that is the port which is used without it."""
    session = start_with_spcr(spcr(0x3F8, code), cmdline='run="exit"')
    assert session.wait(SECONDS).verdict == 'pass'
    assert session.log().count(b'boot: Ashlar') == 1
    assert session.log().count(b'SPCR: serial port') == 1


@pytest.mark.parametrize(
    'body, why',
    [
        (spcr(0x3F8, interface=3), "interface 0x3 (ARM PL011), not used: not a 16550"),
        (spcr(0x3F8, space=2), 'not used: registers neither in memory nor at I/O ports'),
        (spcr(0x2E8), 'serial port at port 0x2e8, interface 0 (16550), not used: not found'),
        (spcr(0x1000003F8), 'not used: address out of range'),
        (
            spcr(0x2F8, pci=(0x8086, 0x9D3D, 0, 0x16, 3)),
            'not used: its PCI device is absent',
        ),
        (spcr(1 << 53, space=0), 'serial port at P0x20000000000000 refused: address out of range'),
        (spcr(0x1000000, space=0), 'serial port at P0x1000000 refused: address in RAM'),
        (spcr(0x200000, space=0), 'serial port at P0x200000 refused: address in the kernel'),
    ],
    ids=['interface', 'space', 'absent', 'range', 'pci', 'width', 'ram', 'kernel'],
)
def test_an_unsupported_port_is_reported(start_with_spcr, body, why):
    session = start_with_spcr(body, cmdline='run="exit"', smp='1')
    outcome = session.wait(SECONDS)
    assert outcome.verdict == 'pass', outcome.words
    assert sum(why in line for line in outcome.stream.lines) == 1, outcome.stream.lines


def test_a_pci_serial_port_is_used_at_its_bar(start_with_spcr, start):
    """QEMU's PCI serial card; a first boot finds the address that SeaBIOS assigned."""
    card = ('-chardev', 'file,id=card,path=card.log', '-device', 'pci-serial,chardev=card,addr=5')
    session = start(boot='kernel', machine='q35', qmp=True, extra=card)
    session.expect(r'^ashlar> ', SECONDS)
    device = next(
        device for bus in session.qmp('query-pci') for device in bus['devices'] if device['slot'] == 5
    )
    port = next(region['address'] for region in device['regions'] if region['type'] == 'io')
    session.stop()
    identity = (device['id']['vendor'], device['id']['device'])
    session = start_with_spcr(
        spcr(port, pci=(*identity, 0, 5, 0)), extra=card, machine='q35', cmdline='run="exit"'
    )
    assert session.wait(SECONDS).exit_status == 33
    log = (session.folder / 'card.log').read_text()
    assert f'SPCR: serial port {port:#x} at 115200 baud' in log and '"status":"pass"' in log


@pytest.mark.parametrize('boot', ['kernel', 'iso'])
def test_a_port_listed_only_by_the_bios_is_used(start_mute, boot):
    session = start_mute(
        boot=boot,
        machine='pc',
        cmdline='run="exit"',
        extra=(
            '-chardev',
            'file,id=other,path=other.log',
            '-device',
            'isa-serial,chardev=other,iobase=0x2e8,irq=3',
        ),
    )
    assert session.wait(SECONDS).exit_status == 33
    log = (session.folder / 'other.log').read_text()
    assert 'BIOS data area: serial port 0x2e8' in log and '"status":"pass"' in log
