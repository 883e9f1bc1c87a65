# SPDX-License-Identifier: BSD-2-Clause
"""How the KVM lane judges the output of its machines. The machines themselves run by `scripts/test --kvm`."""
import re
import subprocess

from ashlar import kvm_lane, xen_lane
from ashlar.kvm_lane import KvmMachine, judge, judge_cut, segments

MACHINE = KvmMachine('m', '-cpu host', 'test', wants=['"lapic":"x2apic"'])
SAID = """[    0.009548] cpu0 boot: Ashlar 0.1.0, loaded by pvh
@ashlar {"v":1,"type":"irq","lapic":"x2apic"}
KTAP version 1
1..2
ok 1 a.b
ok 2 a.c
"""
VERDICT = '@ashlar {"v":1,"type":"verdict","status":"pass","passed":2,"failed":0,"skipped":0}\n'


def test_the_log_is_split_by_machine():
    text = f'noise\nkvm-lane: begin 000\n{SAID}{VERDICT}\nkvm-lane: end 000, status 33\nnoise\nkvm-lane: begin 012\n{SAID}'
    found = segments(text)
    assert set(found) == {0, 12}
    assert found[0] == (f'{SAID}{VERDICT}\n', 33)
    assert found[12] == (SAID, None)


def test_verdict_exit_status_and_expectation_must_agree():
    assert judge(MACHINE, SAID + VERDICT, 33).status == 'pass'
    for text, status in (
        (SAID + VERDICT, 0),
        (SAID + VERDICT, 35),
        (SAID, 33),
        ((SAID + VERDICT).replace('x2apic', 'xapic'), 33),
        ((SAID + VERDICT).replace('ok 2', 'not ok 2'), 33),
        ('', 1),
    ):
        assert judge(MACHINE, text, status).status == 'fail', text


def test_a_machine_that_ran_out_of_time_is_a_skip_unless_a_test_failed():
    assert judge_cut(MACHINE, SAID, 'too slow', 'skip').status == 'skip'
    assert '2 tests passed' in judge_cut(MACHINE, SAID, 'too slow', 'skip').words
    assert judge_cut(MACHINE, SAID.replace('ok 2', 'not ok 2'), 'too slow', 'skip').status == 'fail'
    assert judge_cut(MACHINE, SAID + 'PANIC: no\n', 'too slow', 'skip').status == 'fail'


def test_a_xen_guest_is_read_from_the_hypervisors_console():
    lane = xen_lane.XenLane.__new__(xen_lane.XenLane)
    said = (
        '(XEN) noise\n'
        + ''.join(f'(d1) {line}\n' for line in (SAID + VERDICT).splitlines())
        + '[    1.0] dom0: ok 3 x\n'
    )
    assert lane._judge(MACHINE, said, 0).status == 'pass'
    assert lane._judge(MACHINE, said.replace('"pass"', '"fail"'), 0).status == 'fail'
    assert lane._judge(MACHINE, said.replace('(d1) ok 2', 'ok 2'), 0).status == 'fail'
    assert all('type = "pvh"' in machine.command() for machine in xen_lane.read_machines())


def test_machine_names_are_distinct_and_some_machines_are_quick():
    machines = kvm_lane.read_machines()
    assert len({machine.name for machine in machines}) == len(machines)
    assert any(machine.quick for machine in machines) and any(machine.newer for machine in machines)
    for machine in machines:
        command = machine.command()
        assert 'isa-debug-exit' in command and '-accel kvm' in command
        assert all(re.compile(want) for want in machine.wants)


def test_the_hosts_tsc_rate_is_left_to_the_shell_in_the_host():
    command = KvmMachine('m', '-cpu host,tsc-frequency=TSC_HZ', 'test').command()
    assert ' host,tsc-frequency="$TSC_HZ" ' in command
    script = re.search(r"sed -n '(.*?)'", kvm_lane.INIT.format(modules=''))[1]
    line = '[    0.000000] tsc: Detected 2096.005 MHz processor\n'
    done = subprocess.run(['sed', '-n', script], input=line, capture_output=True, text=True, check=True)
    assert done.stdout == '2096005000\n'
