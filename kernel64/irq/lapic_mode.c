/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entering and leaving the local APIC's modes.
 *
 *     firmware left      wanted      done
 *     disabled                       enabled: xAPIC, then as below
 *     xAPIC              x2APIC      both bits set in IA32_APIC_BASE
 *     x2APIC             xAPIC       disabled first, because there is no direct transition. Where the CPU is
 *                                    locked in x2APIC mode, it stays there
 *
 * Source: Intel SDM vol. 3A, "x2APIC State Transitions", 11.12.5.
 */
#include <irq/lapic_mode.h>

#include <ashlar/bits.h>
#include <ashlar/hw/cpu.h>
#include <ashlar/io.h>
#include <cpu/apic_base.h>
#include <cpu/features.h>
#include <cpu/fixup.h>
#include <cpu/insn.h>
#include <irq/lapic_regs.h>
#include <log/log.h>
#include <vm/device_map.h>

#define MODE_BITS ((uint64_t)(APIC_BASE_ENABLED | APIC_BASE_X2APIC))

static enum lapic_mode mode_in(uint64_t msr)
{
    if (!(msr & APIC_BASE_ENABLED))
        return LAPIC_NONE;
    return msr & APIC_BASE_X2APIC ? LAPIC_X2APIC : LAPIC_XAPIC;
}

static bool cpuid_has_apic(void)
{
    return (cpu_cpuid(1, 0).edx & BIT(9)) != 0;
}

static void read_base(void *argument)
{
    *(uint64_t *)argument = cpu_read_msr(MSR_APIC_BASE);
}

static void write_base(void *argument)
{
    cpu_write_msr(MSR_APIC_BASE, *(uint64_t *)argument);
}

/* A transition that the CPU does not allow raises #GP. */
static void set_mode_bits(uint64_t bits)
{
    struct trap_frame caught;
    uint64_t base = (cpu_read_msr(MSR_APIC_BASE) & ~MODE_BITS) | bits;
    (void)fixup_try(write_base, &base, &caught);
}

static enum lapic_mode current_mode(void)
{
    return mode_in(cpu_read_msr(MSR_APIC_BASE));
}

bool lapic_mode_enter(enum lapic_mode mode)
{
    if (current_mode() == LAPIC_X2APIC && mode == LAPIC_XAPIC)
        set_mode_bits(0);
    /* From disabled to x2APIC in one step is not allowed. */
    if (current_mode() == LAPIC_NONE)
        set_mode_bits(APIC_BASE_ENABLED);
    if (current_mode() == LAPIC_XAPIC && mode == LAPIC_X2APIC)
        set_mode_bits(MODE_BITS);
    return current_mode() == mode;
}

/* A local APIC that firmware disabled stays disabled: this kernel would neither serve its interrupts nor mask
   its inputs. */
static enum lapic_mode give_up(enum lapic_mode found)
{
    if (found == LAPIC_NONE)
        set_mode_bits(0);
    else
        (void)!lapic_mode_enter(found);
    return LAPIC_NONE;
}

/* Source: Intel SDM vol. 4, "Architectural MSRs", IA32_ARCH_CAPABILITIES, IA32_XAPIC_DISABLE_STATUS. */
static void read_lock(void *argument)
{
    bool has_status = cpu_boot_identity()->max_leaf >= 7 && (cpu_cpuid(7, 0).edx & BIT(29)) != 0 &&
                      (cpu_read_msr(MSR_ARCH_CAPABILITIES) & ARCH_XAPIC_DISABLE_STATUS) != 0;
    *(bool *)argument = has_status && (cpu_read_msr(MSR_XAPIC_DISABLE_STATUS) & LEGACY_XAPIC_DISABLED) != 0;
}

/* The CPU decodes the address in IA32_APIC_BASE; a table that differs is wrong. */
static volatile uint8_t *map_registers(phys_t address)
{
    uint64_t base = cpu_read_msr(MSR_APIC_BASE) & APIC_BASE_ADDRESS;
    if (phys_is_valid(address) && address.raw != base)
        log_warn("irq", "local APIC address P%#lx of firmware's tables ignored: IA32_APIC_BASE has P%#lx",
                 address.raw, base);
    return device_map_lapic(phys(base));
}

enum lapic_mode lapic_mode_init(phys_t address, lapic_choose_fn *wants_x2apic, enum lapic_mode *found,
                                volatile uint8_t **registers)
{
    struct trap_frame caught;
    struct lapic_found left = { .is_locked = false };
    uint64_t base;
    if (!fixup_try(read_base, &base, &caught))
        return LAPIC_NONE;
    *found = mode_in(base);
    left.mode = *found == LAPIC_X2APIC ? LAPIC_X2APIC : LAPIC_XAPIC;
    /* While it is disabled, CPUID.1:EDX.APIC is 0. */
    if (!lapic_mode_enter(left.mode) || !cpuid_has_apic())
        return give_up(*found);
    if (!fixup_try(read_lock, &left.is_locked, &caught))
        left.is_locked = false;
    if (left.mode == LAPIC_XAPIC)
        *registers = map_registers(address);
    left.has_registers = left.mode == LAPIC_X2APIC || *registers;
    if (left.mode == LAPIC_XAPIC && left.has_registers)
        left.apic_id = mmio_read32(*registers + REG_ID) >> 24;
    if (!lapic_mode_enter(wants_x2apic(&left) ? LAPIC_X2APIC : LAPIC_XAPIC) && left.mode == LAPIC_X2APIC)
        log_warn("irq", "local APIC stays in x2APIC mode: the CPU does not leave it");
    enum lapic_mode mode = current_mode();
    if (mode == LAPIC_XAPIC && !*registers)
        *registers = map_registers(address);
    return mode == LAPIC_XAPIC && !*registers ? give_up(*found) : mode;
}
