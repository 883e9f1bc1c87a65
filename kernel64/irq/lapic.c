/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The local APIC.
 *
 * A register has one number in both modes: its offset in the page, of which x2APIC makes an MSR by dividing
 * by 16. The mode is asked at each access; the branch is always predicted, and a call through a pointer would
 * not be cheaper.
 *
 *     firmware left      wanted      done
 *     off                            switched on: xAPIC, and further as below
 *     xAPIC              x2APIC      both bits set in IA32_APIC_BASE
 *     x2APIC             xAPIC       off first: there is no direct way back. Where the way is locked, it
 *                                    stays
 *
 * A write to an x2APIC MSR is not ordered behind earlier stores to memory, unlike a write to the uncached
 * page; only who sends an IPI cares, since the receiver must see what was written for it.
 */
#include <irq/lapic.h>

#include <ashlar/bits.h>
#include <ashlar/hw/cpu.h>
#include <ashlar/io.h>
#include <ashlar/sync/backoff.h>
#include <vm/map_device.h>
#include <cpu/apic_base.h>
#include <cpu/features.h>
#include <cpu/insn.h>
#include <cpu/percpu.h>
#include <cpu/fixup.h>
#include <trap/traps.h>
#include <log/log.h>
#include <irq/lapic_regs.h>
#include <irq/vectors.h>

/* An IPI leaves within microseconds; a hypervisor may be slower by any amount. Reads of an uncached
   register. */
#define SEND_WAIT_READS 1000000

static enum lapic_mode mode, mode_found;
static volatile uint8_t *registers; /* of the CPU that reads them: each sees its own at the same address */

static PERCPU(uint64_t, lapic_spurious);
static PERCPU(uint32_t, lapic_error_bits); /* each was reported once */

static uint32_t read_register(enum reg reg)
{
    if (mode == LAPIC_X2APIC)
        return (uint32_t)cpu_read_msr(MSR_X2APIC_FIRST + reg / 16);
    return mmio_read32(registers + reg);
}

static void write_register(enum reg reg, uint32_t value)
{
    if (mode == LAPIC_X2APIC)
        cpu_write_msr(MSR_X2APIC_FIRST + reg / 16, value);
    else
        mmio_write32(registers + reg, value);
}

static bool read_vector_bit(enum reg first, uint8_t vector)
{
    return (read_register(first + vector / 32 * 16) >> vector % 32 & 1) != 0;
}

/* ---- modes ---- */

static enum lapic_mode mode_in(uint64_t base)
{
    if (!(base & APIC_BASE_ENABLED))
        return LAPIC_NONE;
    return base & APIC_BASE_X2APIC ? LAPIC_X2APIC : LAPIC_XAPIC;
}

static bool cpuid_has_apic(void)
{
    return (cpu_cpuid(1, 0).edx & BIT(9)) != 0;
}

struct mode_change {
    uint64_t base; /* to write */
};

static void write_base(void *argument)
{
    cpu_write_msr(MSR_APIC_BASE, ((struct mode_change *)argument)->base);
}

/* A CPU that does not allow it raises #GP. */
static bool change_mode(uint64_t base)
{
    struct mode_change change = { base };
    struct trap_frame caught;
    return fixup_try(write_base, &change, &caught) && cpu_read_msr(MSR_APIC_BASE) == base;
}

static void read_base(void *argument)
{
    *(uint64_t *)argument = cpu_read_msr(MSR_APIC_BASE);
}

/* Source: Intel SDM vol. 4, "IA32_ARCH_CAPABILITIES" and "IA32_XAPIC_DISABLE_STATUS". */
static void read_lock(void *argument)
{
    bool tells = cpu_boot_identity()->max_leaf >= 7 && (cpu_cpuid(7, 0).edx & BIT(29)) != 0 &&
                 (cpu_read_msr(MSR_ARCH_CAPABILITIES) & ARCH_XAPIC_DISABLE_STATUS) != 0;
    *(bool *)argument = tells && (cpu_read_msr(MSR_XAPIC_DISABLE_STATUS) & LEGACY_XAPIC_DISABLED) != 0;
}

static status_t map_registers(phys_t address)
{
    uint64_t base = cpu_read_msr(MSR_APIC_BASE) & APIC_BASE_ADDRESS;
    /* The register is what the CPU obeys; a table that differs is wrong. */
    if (phys_is_valid(address) && address.raw != base)
        log_warn("irq", "firmware says that the local APIC is at P%#lx; it is at P%#lx", address.raw, base);
    registers = map_lapic(phys(base));
    return registers ? STATUS_OK : STATUS_NOT_FOUND;
}

/* Return: the mode that the LAPIC is in now. */
static enum lapic_mode choose_mode(phys_t address, lapic_choose_fn *wants_x2apic)
{
    struct trap_frame caught;
    struct lapic_found found = { .is_locked = false };
    uint64_t base;
    if (!fixup_try(read_base, &base, &caught))
        return LAPIC_NONE;
    mode_found = mode_in(base);
    uint64_t off = base & ~(uint64_t)(APIC_BASE_ENABLED | APIC_BASE_X2APIC), on = off | APIC_BASE_ENABLED;
    /* With the LAPIC off, CPUID says that there is none. */
    if (mode_found == LAPIC_NONE && (!change_mode(on) || !cpuid_has_apic()))
        return LAPIC_NONE;
    found.mode = mode_found == LAPIC_X2APIC ? LAPIC_X2APIC : LAPIC_XAPIC;
    if (!fixup_try(read_lock, &found.is_locked, &caught))
        found.is_locked = false;
    found.has_registers = found.mode == LAPIC_X2APIC || map_registers(address) == STATUS_OK;
    if (found.mode == LAPIC_XAPIC && found.has_registers)
        found.apic_id = mmio_read32(registers + REG_ID) >> 24;
    bool wanted = wants_x2apic(&found);
    if (found.mode == LAPIC_X2APIC && !wanted) {
        if (change_mode(off))
            (void)change_mode(on);
        else
            log_warn("irq", "the local APIC stays in x2APIC mode: the CPU does not let it go");
    }
    if (wanted)
        (void)change_mode(on | APIC_BASE_X2APIC);
    return mode_in(cpu_read_msr(MSR_APIC_BASE));
}

/* ---- handlers ---- */

/* Raised when an interrupt went away while it was delivered. It is not in service: an end would end
   another. */
static void count_spurious(struct trap_frame *frame)
{
    (void)frame;
    PERCPU_MINE(lapic_spurious)++;
}

static uint32_t read_errors(void)
{
    write_register(REG_ESR, 0); /* which moves what was found since into the register */
    return read_register(REG_ESR);
}

static void report_error(struct trap_frame *frame)
{
    static const char *const words[8] = {
        "send checksum",
        "receive checksum",
        "nobody took what was sent",
        "nobody took what was received",
        "an IPI of lowest priority",
        "sent an illegal vector",
        "received an illegal vector",
        "illegal register",
    };
    (void)frame;
    uint32_t errors = read_errors(), seen = PERCPU_MINE(lapic_error_bits);
    lapic_eoi();
    PERCPU_MINE(lapic_error_bits) = seen | errors;
    for (unsigned int bit = 0; bit < ARRAY_LEN(words); bit++) {
        if (errors & ~seen & BIT(bit))
            log_warn("irq", "local APIC %u reports: %s, which is said once", lapic_id(), words[bit]);
    }
}

/* ---- setting up ---- */

/* Local inputs that firmware may take as SMIs, which are its own; and from which highest LVT entry on each
   exists. */
static const struct {
    enum reg reg;
    unsigned int from;
} inputs[] = { { REG_LVT_LINT0, 0 },
               { REG_LVT_LINT0 + 0x10, 0 },
               { REG_LVT_PMC, LVT_PMC_MIN_MAX_LVT },
               { REG_LVT_THERMAL, LVT_THERMAL_MIN_MAX_LVT },
               { REG_LVT_CMCI, LVT_CMCI_MIN_MAX_LVT } };

static uint32_t
    smis[ARRAY_LEN(inputs)]; /* the first CPU's entries that are SMIs, else 0. Constant after init */

static unsigned int highest_entry(void)
{
    return read_register(REG_VERSION) >> 16 & 0xff;
}

static void note_smis(void)
{
    for (unsigned int i = 0; i < ARRAY_LEN(inputs); i++) {
        uint32_t entry = highest_entry() >= inputs[i].from ? read_register(inputs[i].reg) : 0;
        smis[i] =
            (entry & LVT_DELIVERY_MODE) == LVT_DELIVERY_SMI ? entry & ~(uint32_t)LVT_DELIVERY_PENDING : 0;
    }
}

/* INIT has masked those of another CPU, where firmware had the same SMIs as on the first. (Intel SDM vol. 3A,
   "Local APIC State After It Has Been Software Disabled" and "After an INIT Reset".) */
static void mask_local_inputs(void)
{
    write_register(REG_LVT_TIMER, LVT_MASKED);
    for (unsigned int i = 0; i < ARRAY_LEN(inputs); i++)
        if (highest_entry() >= inputs[i].from)
            write_register(inputs[i].reg, smis[i] ? smis[i] : LVT_MASKED);
}

static bool is_anything_in_service(void)
{
    uint32_t bits = 0;
    for (unsigned int group = 0; group < TRAP_VECTORS / 32; group++)
        bits |= read_register(REG_ISR + group * 16);
    return bits != 0;
}

/* Firmware may have left in the middle of handlers: at most one for each vector. */
static void end_what_firmware_left(void)
{
    for (unsigned int ends = 0; ends < TRAP_VECTORS && is_anything_in_service(); ends++)
        lapic_eoi();
}

static void init_cpu(void)
{
    write_register(REG_SVR, SVR_APIC_ENABLE | VECTOR_SPURIOUS);
    mask_local_inputs();
    write_register(REG_TPR, 0);
    end_what_firmware_left();
    (void)read_errors();
    write_register(REG_LVT_ERROR, VECTOR_LAPIC_ERROR);
    write_register(REG_TIMER_DIVIDE_CONFIG, TIMER_DIVIDE_BY_16);
}

status_t lapic_init(phys_t address, lapic_choose_fn *wants_x2apic)
{
    enum lapic_mode chosen = choose_mode(address, wants_x2apic);
    if (chosen == LAPIC_NONE)
        return STATUS_NOT_FOUND;
    if (chosen == LAPIC_XAPIC && !registers) {
        status_t status = map_registers(address);
        if (status != STATUS_OK)
            return status;
    }
    mode = chosen;
    traps_set_handler(VECTOR_SPURIOUS, count_spurious);
    traps_set_handler(VECTOR_LAPIC_ERROR, report_error);
    note_smis();
    init_cpu();
    return STATUS_OK;
}

status_t lapic_init_cpu(void)
{
    uint64_t base = cpu_read_msr(MSR_APIC_BASE);
    uint64_t off = base & ~(uint64_t)(APIC_BASE_ENABLED | APIC_BASE_X2APIC), on = off | APIC_BASE_ENABLED;
    uint64_t wanted = mode == LAPIC_X2APIC ? on | APIC_BASE_X2APIC : on;
    /* Firmware has put all CPUs into x2APIC mode or none, and INIT leaves them there: off first, as on the
       first CPU. */
    if (mode_in(base) == LAPIC_X2APIC && mode == LAPIC_XAPIC)
        (void)change_mode(off);
    /* From off to x2APIC in one step is forbidden. */
    if (!(cpu_read_msr(MSR_APIC_BASE) & APIC_BASE_ENABLED))
        (void)change_mode(on);
    if (cpu_read_msr(MSR_APIC_BASE) != wanted)
        (void)change_mode(wanted);
    if (mode_in(cpu_read_msr(MSR_APIC_BASE)) != mode)
        return STATUS_UNSUPPORTED;
    init_cpu();
    return STATUS_OK;
}

void lapic_offline_cpu(void)
{
    mask_local_inputs();
    write_register(REG_SVR, VECTOR_SPURIOUS);
}

enum lapic_mode lapic_mode(void)
{
    return mode;
}

enum lapic_mode lapic_mode_found(void)
{
    return mode_found;
}

uint32_t lapic_id(void)
{
    return mode == LAPIC_X2APIC ? read_register(REG_ID) : read_register(REG_ID) >> 24;
}

uint32_t lapic_version(void)
{
    return read_register(REG_VERSION);
}

void lapic_eoi(void)
{
    write_register(REG_EOI, 0);
}

bool lapic_isr_is_set(uint8_t vector)
{
    return read_vector_bit(REG_ISR, vector);
}

bool lapic_irr_is_set(uint8_t vector)
{
    return read_vector_bit(REG_IRR, vector);
}

void lapic_set_lint(unsigned int lint, enum lapic_lint meaning, struct irq_wiring wiring)
{
    static const uint32_t entries[] = { [LAPIC_LINT_MASKED] = LVT_MASKED,
                                        [LAPIC_LINT_NMI] = LVT_DELIVERY_NMI,
                                        [LAPIC_LINT_EXTINT] = LVT_DELIVERY_EXTINT };
    uint32_t entry = entries[meaning];
    if (wiring.is_active_low)
        entry |= LVT_ACTIVE_LOW;
    /* An NMI is an edge whatever the table says. */
    if (wiring.is_level && meaning == LAPIC_LINT_EXTINT)
        entry |= LVT_LEVEL_TRIGGERED;
    write_register(REG_LVT_LINT0 + 0x10 * lint, entry);
}

/* ---- sending ---- */

static status_t send_command(uint32_t apic_id, uint32_t command)
{
    if (mode == LAPIC_X2APIC) {
        /* MFENCE and LFENCE: the SDM's order of a store before a write of an x2APIC register. */
        __asm__ volatile("mfence; lfence" ::: "memory");
        cpu_write_msr(MSR_X2APIC_FIRST + REG_ICR_LOW / 16, (uint64_t)apic_id << 32 | command);
        return STATUS_OK;
    }
    for (unsigned int reads = SEND_WAIT_READS; read_register(REG_ICR_LOW) & ICR_DELIVERY_PENDING; reads--) {
        if (reads == 0)
            return STATUS_TIMEOUT;
        cpu_relax();
    }
    write_register(REG_ICR_HIGH, apic_id << 24);
    write_register(REG_ICR_LOW, command);
    return STATUS_OK;
}

status_t lapic_send(uint32_t apic_id, uint8_t vector)
{
    return send_command(apic_id, ICR_LEVEL_ASSERT | vector);
}

status_t lapic_send_init(uint32_t apic_id)
{
    return send_command(apic_id, ICR_LEVEL_ASSERT | ICR_DELIVERY_INIT);
}

status_t lapic_send_startup(uint32_t apic_id, uint32_t page)
{
    return send_command(apic_id, ICR_LEVEL_ASSERT | ICR_DELIVERY_STARTUP | page >> PAGE_SHIFT);
}

status_t lapic_send_nmi(uint32_t apic_id)
{
    return send_command(apic_id, ICR_LEVEL_ASSERT | ICR_DELIVERY_NMI);
}

/* ---- timer ---- */

void lapic_timer_set_mode(enum lapic_timer_mode kind)
{
    static const uint32_t entries[] = {
        [LAPIC_TIMER_OFF] = LVT_MASKED | VECTOR_TIMER,
        [LAPIC_TIMER_MASKED] = LVT_MASKED | VECTOR_TIMER,
        [LAPIC_TIMER_ONE_SHOT] = VECTOR_TIMER,
        [LAPIC_TIMER_TSC_DEADLINE] = LVT_TIMER_TSC_DEADLINE | VECTOR_TIMER,
    };
    write_register(REG_TIMER_INITIAL_COUNT, 0);
    write_register(REG_LVT_TIMER, entries[kind]);
    /* In xAPIC mode the write above goes through memory and the first deadline through an MSR: MFENCE keeps
       their order. (Intel SDM vol. 3A, "TSC-Deadline Mode".) */
    __asm__ volatile("mfence" ::: "memory");
}

void lapic_timer_arm(uint32_t count)
{
    write_register(REG_TIMER_INITIAL_COUNT, count);
}

uint32_t lapic_timer_current_count(void)
{
    return read_register(REG_TIMER_CURRENT_COUNT);
}

void lapic_timer_arm_deadline(uint64_t tick)
{
    cpu_write_msr(MSR_TSC_DEADLINE, tick);
}

/* ---- counts ---- */

uint64_t lapic_spurious_count(void)
{
    return PERCPU_MINE(lapic_spurious);
}
