/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * INIT and SIPI go to all CPUs of a wave, with one wait after INIT; SIPI is sent again, once, to those that
 * have shown no sign of life. The states of a CPU and its two arrival words are at the head of smp/start.c.
 */
#include <smp/wave.h>

#include <ashlar/mm/vrange.h>
#include <ashlar/sync/backoff.h>
#include <ashlar/sync/irqflags.h>
#include <cpu/features.h>
#include <irq/lapic.h>
#include <log/log.h>
#include <time/clock.h>
#include <time/timer.h>

/* Source: MultiProcessor Specification 1.4, B.4, "Application Processor Startup". */
#define INIT_WAIT_NS     (10 * NS_PER_MS)
#define STARTUP_AGAIN_NS (1 * NS_PER_MS)

static void fill_slot(struct ap_slot *slot, struct ap *ap)
{
    *slot = (struct ap_slot){ .apic_id = ap->apic_id,
                              .stack = ap->stacks[TRAP_STACK_NONE].top.raw,
                              .argument = (uintptr_t)ap };
}

static enum ap_stage stage_of(const struct wave *wave, unsigned int index, const struct ap *ap)
{
    enum ap_stage stage = __atomic_load_n(&ap->stage, __ATOMIC_ACQUIRE);
    return stage != AP_STAGE_NONE
               ? stage
               : (enum ap_stage)__atomic_load_n(&wave->tables.slots[index].stage, __ATOMIC_ACQUIRE);
}

/* The sum of all stages, which grows while any CPU makes progress. @online: receives how many are online. */
static unsigned int progress_of(const struct wave *wave, unsigned int *online)
{
    unsigned int sum = 0, index = 0;
    *online = 0;
    for (const struct ap *ap = wave->first; index < wave->count; ap = ap->next, index++) {
        enum ap_stage stage = stage_of(wave, index, ap);
        sum += stage;
        *online += stage == AP_STAGE_ONLINE;
    }
    return sum;
}

static void send_to_wave(const struct wave *wave, bool is_startup, bool only_silent)
{
    const char *name = is_startup ? "SIPI" : "INIT";
    unsigned int index = 0, sent = 0;
    for (const struct ap *ap = wave->first; index < wave->count; ap = ap->next, index++) {
        if (only_silent && stage_of(wave, index, ap) != AP_STAGE_NONE)
            continue;
        irq_flags_t state = local_irq_save();
        status_t status = is_startup ? lapic_send_startup(ap->apic_id, (uint32_t)wave->tables.page.raw)
                                     : lapic_send_init(ap->apic_id);
        local_irq_restore(state);
        sent += status == STATUS_OK;
        if (status != STATUS_OK)
            log_warn("smp", "APIC ID %u: %s not sent: %s", ap->apic_id, name, status_sentence(status));
    }
    log_debug("smp", "%s sent to %u of %u CPUs%s", name, sent, wave->count, only_silent ? " again" : "");
}

/* Intel's CPUs since the Pentium Pro and AMD's since the K8 need no delay after INIT, virtual CPUs
   neither. */
static bool needs_init_delay(void)
{
    const struct cpu_identity *identity = cpu_boot_identity();
    bool is_intel = identity->vendor[0] == 'G',
         is_amd = identity->vendor[0] == 'A' || identity->vendor[0] == 'H';
    return !cpu_has(CPU_FEATURE_HYPERVISOR) && !(is_intel && identity->family >= 6) &&
           !(is_amd && identity->family >= 15);
}

/* Waits until all are online, or no CPU makes progress. Sleeps, longer each time, from a few microseconds on.
   The timeout is compared with the sum of the sleeps, not a time of the clock, which may leap when the
   machine was stopped for a while, with all of its CPUs. */
static void wait_for_wave(const struct wave *wave)
{
    unsigned int online, sum = progress_of(wave, &online);
    uint64_t again_ns = clock_now_ns() + STARTUP_AGAIN_NS, wait_ns = 5 * NS_PER_US, silent_ns = 0;
    bool is_sent_again = false;
    while (online < wave->count && silent_ns <= SMP_TIMEOUT_NS) {
        uint64_t now_ns = clock_now_ns();
        if (!is_sent_again && now_ns > again_ns) {
            send_to_wave(wave, true, true);
            is_sent_again = true;
        }
        timer_sleep_until(now_ns + wait_ns);
        unsigned int progress = progress_of(wave, &online);
        silent_ns = progress != sum ? 0 : silent_ns + wait_ns;
        sum = progress;
        if (wait_ns < 500 * NS_PER_US)
            wait_ns *= 2;
    }
    log_debug("smp", "wave: %u of %u CPUs online", online, wave->count);
}

/* Without a limit: what the CPU has left to do takes no lock and waits for no other CPU, but a hypervisor may
   have halted it. Until it is online, shootdowns do not reach it, so page tables must not be freed. */
static void wait_until_online(const struct ap *ap)
{
    struct backoff backoff = BACKOFF_INIT;
    while (__atomic_load_n(&ap->stage, __ATOMIC_ACQUIRE) != AP_STAGE_ONLINE)
        backoff_spin(&backoff);
}

/* Copies the time stamps of the wave's CPUs, and gives up those that have not arrived. Return: whether all
   have. */
static bool end_wave(struct wave *wave)
{
    bool have_all = true;
    unsigned int index = 0;
    for (struct ap *ap = wave->first; index < wave->count; ap = ap->next, index++) {
        struct ap_slot *slot = &wave->tables.slots[index];
        enum ap_stage none = AP_STAGE_NONE;
        /* A CPU that is given up parks: in the trampoline, or, if it is in the kernel already, instead of
           going online. If it stored its arrival first, it will be online in a moment. */
        bool is_outside = ap_decide_arrival(&slot->arrival, AP_GIVEN_UP);
        bool is_late = ap_decide_arrival(&ap->arrival, AP_GIVEN_UP);
        enum ap_stage stage = !is_late     ? AP_STAGE_ONLINE
                              : is_outside ? stage_of(wave, index, ap)
                                           : AP_STAGE_KERNEL;
        for (unsigned int i = 0; i < ARRAY_LEN(slot->ticks); i++)
            ap->ticks[AP_STAGE_REAL + i] = slot->ticks[i];
        if (stage == AP_STAGE_ONLINE) {
            wait_until_online(ap);
            continue;
        }
        have_all = false;
        /* Unless the CPU has just reached a later stage, which it stores itself. */
        __atomic_compare_exchange_n(&ap->stage, &none, stage, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED);
        log_warn("smp", "CPU with APIC ID %u did not start: %s", ap->apic_id, ap_stage_words(stage));
    }
    return have_all;
}

bool wave_start(struct wave *wave)
{
    struct ap *ap = wave->first;
    for (unsigned int index = 0; index < wave->count; ap = ap->next, index++) {
        fill_slot(&wave->tables.slots[index], ap);
        ap->is_started = true;
    }
    wave->tables.words->slot_count = (uint16_t)wave->count;
    port_block_table_freeing();
    send_to_wave(wave, false, false);
    if (needs_init_delay())
        timer_sleep_until(clock_now_ns() + INIT_WAIT_NS);
    send_to_wave(wave, true, false);
    wait_for_wave(wave);
    bool have_all = end_wave(wave);
    port_unblock_table_freeing();
    vrange_prune();
    return have_all;
}
