# SPDX-License-Identifier: BSD-2-Clause
"""What firmware says of the machine: `dmi`, and `firmware` and `smbios` in the report."""
import pytest

NAMES = (
    '-smbios',
    'type=0,vendor=Test Firmware,version=7.1,date=02/03/2024',
    '-smbios',
    'type=1,manufacturer=Test Maker,product=Test Model,serial=SN-1,uuid=00112233-4455-6677-8899-aabbccddeeff',
    '-smbios',
    'type=2,manufacturer=Board Maker,product=Board Model',
    '-smbios',
    'type=17,manufacturer=Module Maker,part=PN-9,speed=3200',
)
WAYS = [
    pytest.param({'boot': 'kernel'}, 'bios', 'scan', id='bios'),
    pytest.param(
        {'boot': 'kernel', 'extra': ('-machine', 'smbios-entry-point-type=64')}, 'bios', 'scan', id='64-bit'
    ),
    pytest.param({'boot': 'iso', 'firmware': 'uefi'}, 'uefi', 'efi', id='uefi'),
]


def report(outcome, kind):
    return next(item for item in outcome.stream.objects if item["type"] == kind)


@pytest.mark.parametrize('way, firmware, source', WAYS)
def test_the_names_of_the_machine_are_found(way, firmware, source, boot):
    way = {**way, 'extra': (*NAMES, *way.get('extra', ()))}
    outcome = boot('dmi; report firmware; report smbios; exit', memory='512M', **way)
    assert outcome.verdict == 'pass', outcome.words
    assert report(outcome, 'firmware')['kind'] == firmware
    found = report(outcome, 'smbios')
    assert found['from'] == source
    assert found['system']['manufacturer'] == 'Test Maker'
    assert found['system']['product'] == 'Test Model'
    assert found['board']['product'] == 'Board Model'
    assert found['memory_bytes'] == 512 << 20
    assert found['memory'][0]['part'] == 'PN-9'
    # Reports are published; serial numbers are not in them.
    assert 'SN-1' not in str(found)
    lines = [line for line in outcome.stream.lines if not line.startswith(('[', '@'))]
    assert any(line.split() == ['serial', 'number', 'SN-1'] for line in lines)
    assert any(line.split() == ['UUID', '00112233-4455-6677-8899-aabbccddeeff'] for line in lines)
    assert all(len(line) < 80 for line in lines if line.startswith('    '))


def test_a_machine_without_smbios_says_so(boot):
    outcome = boot('report firmware; report smbios; dmi; exit', boot='kernel', machine='microvm')
    assert outcome.verdict == 'fail'
    assert any('no SMBIOS table' in line for line in outcome.stream.lines)
    assert report(outcome, 'firmware')['kind'] == 'unknown'
    assert 'system' not in report(outcome, 'smbios')
