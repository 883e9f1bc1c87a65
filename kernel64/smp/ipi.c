/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Cross-calls.
 *
 * Each CPU makes one cross-call at a time, which it describes in its own struct call; a called CPU finds the
 * caller's bit in its inbox, which has a bit for each CPU (inbox.h). So a cross-call needs no memory, a
 * caller sends one IPI to each CPU, and one IPI may deliver several callers' calls.
 *
 * Interrupts are off from a cross-call's begin to its end, so the one struct call is never in use twice; and
 * as the caller polls its own inbox while it waits, no cycle of waiting CPUs can deadlock:
 * tests/models/calls.pml.
 *
 * If a word of the inbox was empty before, no IPI is pending for it, so one is sent. A lost IPI shows by the
 * missing response: it is sent again.
 *
 * Posted work brings its own memory and goes to a list of each CPU (work_list.h), which is polled with the
 * inbox.
 */
#include <smp/ipi.h>

#include <ashlar/check.h>
#include <ashlar/mm/port.h>
#include <ashlar/sync/backoff.h>
#include <ashlar/sync/context.h>
#include <ashlar/sync/irqflags.h>
#include <ashlar/sync/spinlock.h>
#include <cpu/features.h>
#include <cpu/insn.h>
#include <cpu/machine_ops.h>
#include <cpu/tlb.h>
#include <trap/traps.h>
#include <log/log.h>
#include <panic/panic.h>
#include <lib/machine_ops.h>
#include <irq/lapic.h>
#include <irq/vectors.h>
#include <lib/string.h>
#include <smp/inbox.h>
#include <time/clock.h>

#define SET_WORDS (PERCPU_MAX / 64)

/* Iterations between two readings of the clock, which may be slow. */
#define CLOCK_EVERY 256
#define LAST_RESEND 10

static PERCPU(struct call, my_call) ALIGNED(64);
static PERCPU(struct inbox, inbox) ALIGNED(64);
static PERCPU(struct work_list, posted) ALIGNED(64);
static PERCPU(uint32_t, my_apic_id);

static struct cpu_set online; /* atomic words */
static unsigned int online_count;

/* ---- the CPUs online ---- */

void ipi_online(struct cpu_set *set)
{
    for (unsigned int i = 0; i < SET_WORDS; i++)
        set->words[i] = __atomic_load_n(&online.words[i], __ATOMIC_ACQUIRE);
}

unsigned int ipi_online_count(void)
{
    return __atomic_load_n(&online_count, __ATOMIC_ACQUIRE);
}

uint32_t ipi_apic_id(unsigned int cpu)
{
    return *PERCPU_OF(cpu, my_apic_id);
}

/* ---- on the called CPU ---- */

static void serve_callers(unsigned int word, uint64_t callers)
{
    context_enter_call();
    for (; callers != 0; callers &= callers - 1)
        call_serve(PERCPU_OF(word * 64 + (unsigned int)__builtin_ctzll(callers), my_call));
    context_leave_call();
}

/* Posted work first: when the cross-call of ipi_wait() returns, work that was posted before must be done. */
static void serve_inbox(void)
{
    unsigned int me = PERCPU_MINE(cpu_number);
    struct inbox *mine = PERCPU_OF(me, inbox);
    context_enter_call();
    work_list_run(PERCPU_OF(me, posted));
    context_leave_call();
    for (unsigned int i = 0; i < (percpu_count() + 63) / 64; i++)
        serve_callers(i, inbox_take(mine, i));
}

/* After the inbox was opened or closed. */
static void serve_inbox_ordered(void)
{
    struct inbox *mine = PERCPU_OF(PERCPU_MINE(cpu_number), inbox);
    for (unsigned int i = 0; i < (percpu_count() + 63) / 64; i++)
        serve_callers(i, inbox_take_ordered(mine, i));
}

static void take_call(struct trap_frame *frame)
{
    (void)frame;
    lapic_eoi();
    serve_inbox();
}

static void take_wake(struct trap_frame *frame)
{
    (void)frame;
    lapic_eoi();
}

void ipi_poll(void)
{
    irq_flags_t state = local_irq_save();
    serve_inbox();
    local_irq_restore(state);
}

/* mm/port.h. A waiting CPU polls also with interrupts off: the CPU that it waits for may be waiting for it to
   run a cross-call, such as a shootdown. */
void port_pause(void)
{
    ipi_poll();
    cpu_relax();
}

/* ---- calling ---- */

static void interrupt(unsigned int cpu, uint8_t vector)
{
    CHECK_IRQS_OFF();
    if (lapic_send(ipi_apic_id(cpu), vector) != STATUS_OK)
        log_warn("smp", "CPU %u: IPI not sent, the previous one is still pending", cpu);
}

/* A CPU that went offline since the set was read is not called. */
static void post(struct call *call, unsigned int cpu)
{
    enum inbox_post_result posted = inbox_post(PERCPU_OF(cpu, inbox), PERCPU_MINE(cpu_number));
    if (posted == INBOX_POSTED_FIRST)
        interrupt(cpu, VECTOR_CALL);
    if (UNLIKELY(posted == INBOX_REFUSED))
        call_drop_target(call);
}

/* Logs the CPUs that have not taken the call, and interrupts them again. */
static void resend(const struct call *call, const struct cpu_set *set, unsigned int times)
{
    unsigned int me = PERCPU_MINE(cpu_number), taken = call_left(call);
    for (unsigned int cpu = 0; cpu < percpu_count(); cpu++) {
        if (!cpu_set_has(set, cpu) || cpu == me || !inbox_has(PERCPU_OF(cpu, inbox), me))
            continue;
        log_warn("smp", "CPU %u (APIC ID %u): no response to a cross-call for %u s", cpu, ipi_apic_id(cpu),
                 times);
        if (times >= LAST_RESEND)
            panic("smp: CPU %u (APIC ID %u): no response to a cross-call for %u s", cpu, ipi_apic_id(cpu),
                  times);
        interrupt(cpu, VECTOR_CALL);
        taken--;
    }
    if (taken == 0 || taken > percpu_count())
        return;
    log_warn("smp", "%u CPUs have taken a cross-call and not returned for %u s", taken, times);
    if (times >= LAST_RESEND)
        panic("smp: %u CPUs have taken a cross-call and not returned for %u s", taken, times);
}

/* A forward jump of the clock, after the machine was stopped for a while, causes one resend only. */
static void wait_for_answers(struct call *call, const struct cpu_set *set)
{
    uint64_t due_ns = clock_now_ns() + IPI_TIMEOUT_NS;
    struct backoff backoff = BACKOFF_INIT;
    unsigned int resends = 0;
    while (!call_is_done(call)) {
        serve_inbox();
        if (backoff_spin(&backoff) % CLOCK_EVERY != 0 || clock_now_ns() < due_ns)
            continue;
        resend(call, set, ++resends);
        due_ns = clock_now_ns() + IPI_TIMEOUT_NS;
    }
}

void ipi_call(const struct cpu_set *set, call_fn *function, void *argument)
{
    struct cpu_set wanted;
    CHECK_MAY_CALL();
    irq_flags_t state = local_irq_save();
    unsigned int me = PERCPU_MINE(cpu_number), count = 0;
    struct call *call = PERCPU_OF(me, my_call);

    ipi_online(&wanted);
    for (unsigned int i = 0; i < SET_WORDS; i++) {
        wanted.words[i] &= set->words[i];
        for (uint64_t word = wanted.words[i]; word != 0; word &= word - 1)
            count++;
    }
    bool is_me = cpu_set_has(&wanted, me);
    call_start(call, function, argument, count - is_me);
    for (unsigned int i = 0; i < SET_WORDS; i++)
        for (uint64_t word = wanted.words[i]; word != 0; word &= word - 1) {
            unsigned int cpu = i * 64 + (unsigned int)__builtin_ctzll(word);
            if (cpu != me)
                post(call, cpu);
        }
    if (is_me) {
        context_enter_call();
        function(argument);
        context_leave_call();
    }
    wait_for_answers(call, &wanted);
    local_irq_restore(state);
}

void ipi_call_one(unsigned int cpu, call_fn *function, void *argument)
{
    struct cpu_set set = { { 0 } };
    cpu_set_add(&set, cpu);
    ipi_call(&set, function, argument);
}

void ipi_call_all(call_fn *function, void *argument)
{
    struct cpu_set set;
    memset(&set, 0xff, sizeof(set));
    ipi_call(&set, function, argument);
}

/* ---- posting and waking ---- */

static void interrupt_from_anywhere(unsigned int cpu, uint8_t vector)
{
    irq_flags_t state = local_irq_save();
    interrupt(cpu, vector);
    local_irq_restore(state);
}

bool ipi_post(unsigned int cpu, struct work *request)
{
    enum work_add_result added = work_list_add(PERCPU_OF(cpu, posted), request);
    if (added == WORK_ADDED_FIRST && lapic_mode() != LAPIC_NONE)
        interrupt_from_anywhere(cpu, VECTOR_CALL);
    else if (added == WORK_ADDED_FIRST)
        ipi_poll();
    return added != WORK_REFUSED;
}

static void do_nothing(void *argument)
{
    (void)argument;
}

/* A called CPU runs its posted work first. A second call is needed only when the work was being run at that
   time, perhaps by a function that waits for a lock and polls. */
void ipi_wait(unsigned int cpu, const struct work *request)
{
    CHECK_MAY_CALL();
    while (!work_is_done(request)) {
        ipi_poll();
        ipi_call_one(cpu, do_nothing, NULL);
    }
}

void ipi_wake(unsigned int cpu)
{
    interrupt_from_anywhere(cpu, VECTOR_WAKE);
}

void ipi_stop_others(void)
{
    struct cpu_set set;
    ipi_online(&set);
    if (!traps_claim_sole_cpu())
        cpu_halt_forever();
    for (unsigned int cpu = 0; cpu < percpu_count(); cpu++)
        if (cpu_set_has(&set, cpu) && cpu != PERCPU_MINE(cpu_number))
            /* If the IPI cannot be sent, that CPU keeps running: the report must not wait for it. */
            (void)!lapic_send_nmi(ipi_apic_id(cpu));
}

/* ---- online and offline ---- */

void ipi_prepare_cpu(unsigned int cpu)
{
    VERIFY(work_list_close(PERCPU_OF(cpu, posted)));
}

void ipi_init_cpu(void)
{
    unsigned int me = PERCPU_MINE(cpu_number);
    CHECK((online.words[me / 64] >> me % 64 & 1) == 0, "CPU: one that comes online was offline");
    irq_flags_t state = local_irq_save();
    if (me == 0) {
        traps_set_handler(VECTOR_CALL, take_call);
        traps_set_handler(VECTOR_WAKE, take_wake);
        machine_ops.stop_others = ipi_stop_others;
        machine_ops.poll_calls = ipi_poll;
        machine_ops.is_guest = cpu_has(CPU_FEATURE_HYPERVISOR);
    }
    /* Without a local APIC it is the only CPU, and gets no IPI. */
    PERCPU_MINE(my_apic_id) = lapic_mode() != LAPIC_NONE ? lapic_id() : 0;
    /* A CPU that was offline is still marked idle, for which shootdowns would be deferred. */
    tlb_leave_idle();
    work_list_open(PERCPU_OF(me, posted));
    inbox_open(PERCPU_OF(me, inbox));
    __atomic_fetch_or(&online.words[me / 64], 1ULL << me % 64, __ATOMIC_RELEASE);
    __atomic_fetch_add(&online_count, 1, __ATOMIC_RELEASE);
    /* Shootdowns did not reach this CPU until now, and it has been using the kernel's page tables. The locked
       instructions above: a CPU that did not see them has changed its tables before this flush. */
    tlb_flush_all();
    serve_inbox_ordered();
    local_irq_restore(state);
}

/* Posted work is run while shootdowns still reach this CPU, because it may access any mapping. */
void ipi_close_posts(void)
{
    struct work_list *mine = PERCPU_OF(PERCPU_MINE(cpu_number), posted);
    while (!work_list_close(mine))
        work_list_run(mine);
}

void ipi_offline_cpu(void)
{
    unsigned int me = PERCPU_MINE(cpu_number);
    CHECK_IRQS_OFF();
    CHECK((online.words[me / 64] >> me % 64 & 1) != 0, "CPU: one that goes offline was online");
    CHECK(ipi_online_count() > 1, "CPU: one stays online");
    __atomic_fetch_and(&online.words[me / 64], ~(1ULL << me % 64), __ATOMIC_RELEASE);
    __atomic_fetch_sub(&online_count, 1, __ATOMIC_RELEASE);
    inbox_close(PERCPU_OF(me, inbox));
    serve_inbox_ordered();
}
