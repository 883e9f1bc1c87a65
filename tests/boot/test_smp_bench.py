# SPDX-License-Identifier: BSD-2-Clause
"""What scripts/bench smp stands on: processors under -icount, their times in the report, and the benchmarks that need them."""
import pytest

from ashlar.bench_results import ICOUNT

STAGES = ('real_us', 'protected_us', 'long_us', 'kernel_us', 'us')


def test_a_clock_jump_does_not_give_up_a_cpu(boot):
    """QEMU's -icount counts for each INIT the instructions up to its next deadline: some 100 ms that no CPU has executed."""
    outcome = boot('report cpus; exit', build_name='gcc-O2', boot='kernel', smp='32', extra=ICOUNT)
    assert outcome.verdict == 'pass', outcome.words
    cpus = outcome.stream.fact('cpus')
    assert len(cpus['online']) == 32 and not cpus['failed']


def test_the_report_gives_the_time_of_each_stage_per_cpu(boot):
    outcome = boot('report cpus; report boot; exit', boot='kernel', smp='4')
    assert outcome.verdict == 'pass', outcome.words
    stages = {stage['name']: stage['us'] for stage in outcome.stream.fact('boot')['stages']}
    for cpu in outcome.stream.fact('cpus')['online'][1:]:
        times = [cpu[name] for name in STAGES]
        assert (
            stages['consoles'] <= times[0] and times == sorted(times) and times[-1] <= stages['processors']
        ), cpu


@pytest.fixture(scope='module')
def four(build, tmp_path_factory):
    from ashlar.bench_counts import read_stream

    variant = build('gcc-O2')
    return {
        fact['name']: fact
        for fact in read_stream(
            variant,
            tmp_path_factory.mktemp('four'),
            '512M',
            'bench lock.contest; bench shootdown*; bench scale*',
            cpus=4,
        ).of_type('bench')
    }


def test_a_contended_lock_is_fair(four):
    fact = four['lock.contest']
    assert fact['n'] == 4 and fact['min'] > 1000 and fact['max'] - fact['min'] <= 1


def test_a_shootdown_of_idle_cpus_sends_no_interrupt(four):
    assert four['shootdown.idle.1']['median'] * 3 < four['shootdown.busy.1']['median']


def test_allocators_cost_the_same_on_four_cpus_as_on_one(four):
    assert four['scale.frame.pair.0']['median'] <= 25
    assert four['scale.kmalloc.pair.64']['median'] <= 37
