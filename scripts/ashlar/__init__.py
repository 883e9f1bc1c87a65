# SPDX-License-Identifier: BSD-2-Clause
"""The modules of scripts/run, test, bench and judge.

    build.py     configures and compiles one variant of the tree
    machine.py   a machine to boot on, and the emulator's command line for it
    bochs.py     the same for Bochs, which wants a file
    session.py   one boot: the process, its serial output, the input to it
    relay.py     the serial log, on standard output
    stream.py    reads a serial log: boots, log lines, KTAP, JSON lines, the verdict
    expect.py    what a user expects of a machine, and whether it holds
    junit.py     results as JUnit XML
    schema.py    the report's members, as docs/report.schema.json has them
    program.py   how the programs end on an error
    progress.py  what they are doing, and how long it takes
    tree.py      the files of the tree
    checks.py unit_tests.py boot_tests.py   the suites of scripts/test
    serial_text.py   bytes as lines, whatever captured them
    timeout.py  when a machine is hung, on a host that is busy
    command.py   programs of the host, run for their output
    linux.py     Debian's kernel, the peer of scripts/bench
    kvm_lane.py  machines under a real KVM, in an emulated host
    xen_lane.py  the same under Xen
    debian.py    packages of another Debian suite, from the system's own mirror
    qemu10.py    a QEMU whose TCG has x2APIC, where the system's is older
    sbom.py      the SPDX document of a release
    bench_boot.py bench_irq.py bench_malloc.py bench_mm.py bench_mix.py bench_smp.py bench_time.py   what scripts/bench measures
    bench_malloc_suite.py   what mimalloc-bench has
    bench_counts.py bench_results.py   what these have in common
    run.py judge.py test.py bench.py release.py   the programs; start.sh starts them
"""
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Failure(Exception):
    """An error, with a message for the user of the command."""
