/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `late APICID`, for tests/boot: wakes a CPU that was given up, through the trampoline that is kept for it,
 * as if the SIPI had only now reached it. The machine must have that CPU by now.
 */
#include <ashlar/command.h>
#include <ashlar/mm/paging.h>
#include <ashlar/sync/irqflags.h>
#include <ashlar/time_units.h>

#include <cpu/physical.h>
#include <irq/lapic.h>
#include <lib/string.h>
#include <log/arguments.h>
#include <log/print.h>
#include <smp/ap.h>
#include <time/clock.h>
#include <time/timer.h>
#include <vm/address_space.h>

#define LOW_MEMORY_END 0xa0000
#define WAIT_NS        (300 * NS_PER_MS)

/* Trampolines are private to start.c, so it is searched for. */
static const struct trampoline_words *words_in(const uint8_t *page)
{
    return (const void *)(page + (trampoline_words - trampoline_start));
}

static const struct ap_slot *find_slot(uint32_t apic_id, uint64_t *address)
{
    for (*address = PAGE_SIZE; *address + TRAMPOLINE_SIZE < LOW_MEMORY_END; *address += PAGE_SIZE) {
        /* Reserved memory is not in the direct map. */
        if (!paging_maps_any(address_space(), virt(DIRECT_MAP_START + *address), PAGE_SIZE))
            continue;
        const uint8_t *page = phys_to_pointer(phys(*address));
        const struct ap_slot *slots = (const void *)(page + TRAMPOLINE_SIZE);
        if (memcmp(page, trampoline_start, (size_t)(trampoline_words - trampoline_start)) != 0)
            continue;
        for (unsigned int i = 0; i < words_in(page)->slot_count; i++)
            if (slots[i].apic_id == apic_id)
                return &slots[i];
    }
    return NULL;
}

static status_t command_late(int argc, char **argv)
{
    uint64_t apic_id, page;
    if (!arguments_count(argc, argv, 1, 1) ||
        !argument_number(argv[1], "an APIC ID", 0, UINT32_MAX, &apic_id))
        return STATUS_INVALID;
    const struct ap_slot *slot = find_slot((uint32_t)apic_id, &page);
    if (!slot)
        return STATUS_NOT_FOUND;
    irq_flags_t state = local_irq_save();
    status_t status = lapic_send_startup((uint32_t)apic_id, (uint32_t)page);
    local_irq_restore(state);
    timer_sleep_until(clock_now_ns() + WAIT_NS);
    print("late: %s, %s\n", ap_stage_words((enum ap_stage)__atomic_load_n(&slot->stage, __ATOMIC_RELAXED)),
          __atomic_load_n(&slot->arrival, __ATOMIC_RELAXED) == AP_GIVEN_UP ? "given up" : "expected");
    return status;
}
COMMAND(late, command_late, .group = GROUP_TESTS, .arguments = "APICID",
        .help = "wake a CPU by the trampoline that is kept for it", .example = "late 1", .see_also = "cpus");
