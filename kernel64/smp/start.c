/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Starting the application processors.
 *
 * Everything that a CPU needs is allocated before it is started: a copy of the per-CPU data, stacks with
 * guard pages, its entries in the allocators. So no CPU waits for another, and the whole start takes as long
 * as the slowest CPU.
 *
 * The states of a CPU:
 *
 *                  INIT, SIPI                     its own code                   cpu_offline()
 *      offline  --------------->  expected  ------------------------>  online  ----------------+
 *         ^                          |                                                         |
 *         |  cpu_park()              |  SMP_TIMEOUT_NS without progress                        |
 *         +------------------- given up                                                        |
 *         +------------------------------------------------------------------------------------+
 *
 *      expected   stage NONE .. KERNEL, arrival EXPECTED; the stage is in the slot up to LONG, then in
 *                 struct ap
 *      online     stage ONLINE, arrival ARRIVED: it takes cross-calls and work
 *      given up   stage where it stopped, arrival GIVEN_UP. A CPU that turns up later parks: in the
 *                 trampoline, or, once in the kernel, in cpu_park(); the latter makes it offline
 *      offline    stage NONE: it halts until INIT
 *
 * There are two arrival words, because the trampoline can reach only its slot: the slot's decides whether the
 * CPU may enter the kernel, ap->arrival whether it may go online.
 *
 * The trampoline's page lies below 640 KiB and is followed, in the same 64 KiB, by a slot for each CPU of a
 * wave; CPUs beyond its capacity are started in the next wave. The trampoline's page tables have the kernel's
 * upper half and an identity mapping of these pages, writable and executable; only starting CPUs use them.
 * All of it is freed when every CPU has arrived, and kept when one was given up, because it may still turn up
 * and needs the code that parks it.
 *
 * A CPU that is given up keeps its number, which is not used for another, and its memory.
 */
#include <smp/start.h>

#include <ashlar/bits.h>
#include <ashlar/mm/buddy.h>
#include <ashlar/mm/frame_cache.h>
#include <ashlar/mm/kmalloc.h>
#include <ashlar/mm/slab.h>
#include <ashlar/mm/vrange.h>
#include <cpu/apic_id.h>
#include <cpu/errata_cpu.h>
#include <cpu/features.h>
#include <cpu/insn.h>
#include <cpu/machine_ops.h>
#include <trap/machine_check.h>
#include <cpu/mtrr_cpu.h>
#include <cpu/protect.h>
#include <trap/traps.h>
#include <log/log.h>
#include <irq/controllers.h>
#include <irq/lapic.h>
#include <lib/format.h>
#include <lib/string.h>
#include <smp/ap.h>
#include <smp/park.h>
#include <smp/idle.h>
#include <smp/ipi.h>
#include <smp/shootdown.h>
#include <smp/trampoline.h>
#include <smp/wave.h>
#include <vm/address_space.h>
#include <time/tsc_sync.h>
#include <time/clock.h>
#include <time/clockevent.h>
#include <time/timer.h>

#define IDLE_STACK_SIZE 16384
#define TRAP_STACK_SIZE 4096

static phys_t kernel_root;

/* ---- allocating what a CPU needs ---- */

static bool make_stack(struct ap *ap, enum trap_stack which, const char *name, uint64_t size_bytes)
{
    struct stack *stack = &ap->stacks[which];
    void *bottom;
    format_buffer(ap->stack_names[which], sizeof(ap->stack_names[which]), "CPU %u's %s", ap->cpu, name);
    if (vrange_map_memory(size_bytes, VRANGE_STACK, ap->stack_names[which], &bottom) != STATUS_OK)
        return false;
    virt_t start = virt_of(bottom);
    *stack = (struct stack){ ap->stack_names[which], start, virt_add(start, size_bytes), NULL };
    return true;
}

static bool make_stacks(struct ap *ap)
{
    static const char *const names[TRAP_STACK_END] = {
        [TRAP_STACK_NONE] = "idle",   [TRAP_STACK_DOUBLE_FAULT] = "double fault",
        [TRAP_STACK_NMI] = "NMI",     [TRAP_STACK_MACHINE_CHECK] = "machine check",
        [TRAP_STACK_DEBUG] = "debug",
    };
    for (unsigned int i = 0; i < TRAP_STACK_END; i++) {
        if (make_stack(ap, (enum trap_stack)i, names[i],
                       i == TRAP_STACK_NONE ? IDLE_STACK_SIZE : TRAP_STACK_SIZE))
            continue;
        while (i-- > 0)
            vrange_unmap(virt_to_pointer(ap->stacks[i].bottom));
        return false;
    }
    for (unsigned int i = 0; i < TRAP_STACK_END; i++)
        stacks_add(&ap->stacks[i]);
    return true;
}

/* An ap_filter() predicate. */
static bool prepare(struct ap *ap)
{
    void *copy = kmalloc(align_up(percpu_size(), 64));
    ap->cpu = percpu_count();
    if (!copy || !make_stacks(ap)) {
        kfree(copy);
        log_warn("smp", "CPU with APIC ID %u left out: %s", ap->apic_id, status_sentence(STATUS_NO_MEMORY));
        return false;
    }
    VERIFY(is_aligned((uintptr_t)copy, 64)); /* of this size it is whole pages */
    percpu_add(copy);
    frame_cache_prepare_cpu(ap->cpu);
    slab_prepare_cpu(ap->cpu);
    timer_prepare_cpu(ap->cpu);
    idle_prepare_cpu(ap->cpu);
    ipi_prepare_cpu(ap->cpu);
    buddy_set_cpu_node(ap->cpu, ap->node);
    return true;
}

/* ---- on the CPU itself ---- */

static void set_stage(struct ap *ap, enum ap_stage stage)
{
    ap->ticks[stage] = cpu_read_tsc();
    /* Release pairs with the acquire of stage_of(): the time stamp is there. */
    __atomic_store_n(&ap->stage, stage, __ATOMIC_RELEASE);
}

NORETURN static void ap_main(void *argument)
{
    struct ap *ap = argument;
    virt_t stack_top[TRAP_STACK_END];
    cpu_write_cr3(kernel_root.raw);
    cpu_protect_cpu();
    for (unsigned int i = 0; i < TRAP_STACK_END; i++)
        stack_top[i] = ap->stacks[i].top;
    traps_init_cpu(stack_top, ap->cpu);
    machine_check_init_cpu();
    errata_init_cpu();
    if (lapic_init_cpu() != STATUS_OK || lapic_id() != ap->apic_id) {
        log_error("smp", "CPU %u: local APIC init failed, or its APIC ID is not %u; halted", ap->cpu,
                  ap->apic_id);
        cpu_halt_forever();
    }
    controllers_init_cpu();
    tsc_sync_init_cpu();
    clockevent_init_cpu();
    ap->initial_id = apic_initial_id(cpu_cpuid);
    ap->mtrr = mtrr_compare();
    ap->kind = topology_core_kind(cpu_cpuid, cpu_boot_identity());
    set_stage(ap, AP_STAGE_KERNEL);
    if (!ap_decide_arrival(&ap->arrival, AP_ARRIVED))
        cpu_park(ap);
    idle_init_cpu();
    ipi_init_cpu();
    set_stage(ap, AP_STAGE_ONLINE);
    idle_run();
}

/* ---- all of it ---- */

/* QEMU's INIT disables the MTRRs; under a hypervisor the host's are in effect. */
static bool mtrr_differs(const struct ap *ap)
{
    bool is_off = ap->mtrr.msr == MSR_MTRR_DEF_TYPE && !(ap->mtrr.here & MTRR_DEF_TYPE_ENABLED);
    return ap->mtrr.msr != 0 && !(is_off && cpu_has(CPU_FEATURE_HYPERVISOR));
}

/* Logs one line for those of @ap_total CPUs from @first on whose MTRRs differ: firmware that missed one
   missed most. */
static void log_mtrr_difference(const struct ap *first, unsigned int ap_total)
{
    const struct ap *differs = NULL;
    unsigned int count = 0;
    for (const struct ap *ap = first; ap && ap_total > 0; ap = ap->next, ap_total--) {
        if (__atomic_load_n(&ap->stage, __ATOMIC_ACQUIRE) < AP_STAGE_KERNEL || !mtrr_differs(ap))
            continue;
        count++;
        differs = differs ? differs : ap;
    }
    if (differs)
        log_warn("smp", "MTRRs of %u CPUs differ from the BSP's: CPU %u: MSR %#x is %#lx, the BSP's %#lx",
                 count, differs->cpu, differs->mtrr.msr, differs->mtrr.here, differs->mtrr.first);
}

/* Starts the first @left CPUs of the list, as many at once as the trampoline has slots for. */
static void start_waves(unsigned int left)
{
    struct wave wave = { .first = ap_first() };
    while (left > 0) {
        uint32_t capacity;
        wave.count = left < ap_wave_limit() ? left : (unsigned int)ap_wave_limit();
        status_t status =
            trampoline_make(&wave.tables, address_space(), wave.count, (uintptr_t)ap_main, &capacity);
        if (status != STATUS_OK) {
            log_warn("smp", "%u CPUs not started: no trampoline below 640 KiB: %s", left,
                     status_sentence(status));
            break;
        }
        wave.count = wave.count < capacity ? wave.count : capacity;
        if (wave_start(&wave))
            trampoline_free(&wave.tables);
        for (unsigned int i = 0; i < wave.count; i++)
            wave.first = wave.first->next;
        left -= wave.count;
    }
}

void smp_start(void)
{
    uint64_t began_ns = clock_now_ns();
    kernel_root = address_space()->root;
    ipi_init_cpu();
    ap_find_all();
    if (lapic_mode() == LAPIC_NONE) {
        if (ap_left_out_count() > 0)
            log_warn("smp", "1 of %u CPUs online: no local APIC to start the others with",
                     ap_left_out_count() + 1);
        return;
    }
    idle_init();
    mtrr_note_first();
    ap_filter(prepare);
    start_waves(ap_count());
    unsigned int left_out = ap_left_out_count();
    log_info("smp", "%u of %u CPUs online after %lu us", ipi_online_count(), ap_count() + 1 + left_out,
             (clock_now_ns() - began_ns) / NS_PER_US);
    if (left_out > 0)
        log_info("smp", "CPUs left out: %u; 'cpus' says why", left_out);
    log_mtrr_difference(ap_first(), ap_count());
    tsc_sync_check(ipi_call_all, ipi_online_count());
}

status_t smp_start_again(struct ap *ap)
{
    struct wave wave = { .first = ap, .count = 1 };
    uint32_t capacity;
    status_t status = trampoline_make(&wave.tables, address_space(), 1, (uintptr_t)ap_main, &capacity);
    if (status != STATUS_OK)
        return status;
    ap->is_offline = false;
    ap->arrival = AP_EXPECTED;
    memset(ap->ticks, 0, sizeof(ap->ticks));
    __atomic_store_n(&ap->stage, AP_STAGE_NONE, __ATOMIC_RELAXED);
    if (!wave_start(&wave))
        return STATUS_TIMEOUT;
    trampoline_free(&wave.tables);
    log_mtrr_difference(ap, 1);
    tsc_sync_check(ipi_call_all, ipi_online_count());
    return STATUS_OK;
}

/* ---- states ---- */

unsigned int smp_cpu_count(void)
{
    return ap_count() + 1;
}

void smp_cpu(unsigned int index, struct smp_cpu *cpu)
{
    if (index == 0) {
        *cpu = (struct smp_cpu){ .apic_id = lapic_mode() != LAPIC_NONE ? ipi_apic_id(0) : 0,
                                 .initial_id = apic_initial_id(cpu_cpuid),
                                 .stage = AP_STAGE_ONLINE,
                                 .is_started = true,
                                 .kind = topology_core_kind(cpu_cpuid, cpu_boot_identity()) };
        return;
    }
    const struct ap *ap = ap_first();
    while (--index > 0)
        ap = ap->next;
    *cpu = (struct smp_cpu){ .apic_id = ap->apic_id, .cpu = ap->cpu };
    cpu->stage = __atomic_load_n(&ap->stage, __ATOMIC_ACQUIRE);
    cpu->is_started = ap->is_started;
    cpu->is_offline = ap->is_offline && cpu->stage == AP_STAGE_NONE;
    cpu->initial_id = cpu->stage >= AP_STAGE_KERNEL ? ap->initial_id : ap->apic_id;
    cpu->kind = ap->kind;
    for (unsigned int i = AP_STAGE_REAL; i <= cpu->stage; i++)
        cpu->ns[i] = clock_nanoseconds(ap->ticks[i]);
}
