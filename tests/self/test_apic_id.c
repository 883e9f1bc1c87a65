/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A CPU whose APIC ID differs from CPUID's, as after firmware that renumbers: the test sets one, and starts
 * the CPU with it.
 */
#include <ashlar/io.h>
#include <ashlar/ktest.h>
#include <ashlar/mm/paging.h>
#include <ashlar/mm/vrange.h>
#include <ashlar/sync/irqflags.h>

#include <cpu/apic_base.h>
#include <cpu/apic_id.h>
#include <cpu/insn.h>
#include <ashlar/hw/cpu.h>
#include <irq/lapic.h>
#include <smp/ap.h>
#include <smp/hotplug.h>
#include <smp/ipi.h>

#include "on_every_cpu.h"

#define LAST_ID 254

static volatile uint8_t *registers; /* each CPU sees its own */

struct renumber {
    uint32_t apic_id;
    bool is_done;
};

/* No CPU may call the CPU by its old number meanwhile: it leaves the set of called
   CPUs, and joins it again. */
static void write_id(void *argument)
{
    struct renumber *wanted = argument;
    irq_flags_t state = local_irq_save();
    ipi_close_posts();
    ipi_offline_cpu();
    mmio_write32(registers + LAPIC_ID, wanted->apic_id << 24);
    wanted->is_done = lapic_id() == wanted->apic_id;
    ipi_init_cpu();
    local_irq_restore(state);
}

static uint32_t unused_id(void)
{
    uint32_t apic_id = LAST_ID;
    for (const struct ap *ap = ap_first(); ap; ap = ap->next)
        if (ap->apic_id == apic_id || lapic_id() == apic_id) {
            apic_id--;
            ap = ap_first();
        }
    return apic_id;
}

static status_t start_as(unsigned int cpu, uint32_t apic_id)
{
    status_t status = cpu_offline(cpu);
    if (status != STATUS_OK)
        return status;
    ap_of(cpu)->apic_id = apic_id;
    return cpu_online(cpu);
}

KTEST(smp, a_cpu_is_found_by_the_id_of_its_lapic)
{
    void *mapped;
    uint32_t calls = 0;
    NEEDS_TWO();
    if (lapic_mode() != LAPIC_XAPIC)
        SKIP_TEST("the APIC ID cannot be written");
    unsigned int cpu = next_online_cpu(0);
    struct renumber old = { .apic_id = ipi_apic_id(cpu) }, new = { .apic_id = unused_id() };
    phys_t base = phys(cpu_read_msr(MSR_APIC_BASE) & APIC_BASE_ADDRESS);
    ASSERT_THAT(vrange_map_device(base, PAGE_SIZE, PAGE_WRITE | PAGE_UNCACHED, "local APIC", &mapped) ==
                STATUS_OK);
    registers = mapped;
    ASSERT_THAT(on_cpu(cpu, write_id, &new));
    if (new.is_done) {
        EXPECT(start_as(cpu, new.apic_id) == STATUS_OK);
        EXPECT(ipi_apic_id(cpu) == new.apic_id);
        ipi_call_one(cpu, count_call, &calls);
        EXPECT(calls == 1);
        EXPECT(ap_of(cpu)->initial_id == old.apic_id || ap_of(cpu)->initial_id != new.apic_id);
        EXPECT(on_cpu(cpu, write_id, &old));
        EXPECT(old.is_done);
        EXPECT(start_as(cpu, old.apic_id) == STATUS_OK);
    }
    vrange_unmap(mapped);
    if (!new.is_done)
        SKIP_TEST("the APIC ID cannot be written");
}
