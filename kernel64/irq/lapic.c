/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The local APIC.
 *
 * A register has one number in both modes: its offset in the page, of which x2APIC makes an MSR by dividing
 * by 16. The mode is tested at each access: the branch is always predicted, and a call through a pointer
 * would not be cheaper. The switches between modes are in lapic_mode.c.
 *
 * A write to an x2APIC MSR is not ordered after earlier stores to memory, unlike a write to the uncached
 * page. Only sending an IPI needs that order, because the receiver must see what was written for it.
 */
#include <irq/lapic.h>

#include <ashlar/bits.h>
#include <ashlar/hw/cpu.h>
#include <ashlar/io.h>
#include <ashlar/sync/backoff.h>
#include <ashlar/sync/irqflags.h>
#include <cpu/apic_base.h>
#include <cpu/features.h>
#include <cpu/insn.h>
#include <cpu/percpu.h>
#include <trap/traps.h>
#include <log/log.h>
#include <irq/lapic_mode.h>
#include <irq/lapic_regs.h>
#include <irq/vectors.h>

/* Reads of the ICR. An IPI leaves within microseconds; a hypervisor may take any longer time. */
#define SEND_WAIT_READS 1000000

static enum lapic_mode mode, mode_found;
static volatile uint8_t *registers; /* each CPU finds its own at this address */

static PERCPU(uint32_t, lapic_logged_errors); /* ESR bits: each is logged once */

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

static bool vector_bit_is_set(enum reg first, uint8_t vector)
{
    return (read_register(first + vector / 32 * 16) >> vector % 32 & 1) != 0;
}

/* ---- handlers ---- */

/* Raised when an interrupt is withdrawn while it is delivered. Its ISR bit is clear: an EOI would end another
   interrupt. traps_taken_count() has the number. */
static void handle_spurious(struct trap_frame *frame)
{
    (void)frame;
}

/* The write latches what was detected since the last one. */
static uint32_t read_esr(void)
{
    write_register(REG_ESR, 0);
    return read_register(REG_ESR);
}

static void handle_error(struct trap_frame *frame)
{
    static const char *const names[8] = {
        "send checksum error", "receive checksum error", "send accept error",      "receive accept error",
        "redirectable IPI",    "send illegal vector",    "receive illegal vector", "illegal register address",
    };
    (void)frame;
    uint32_t errors = read_esr(), logged = PERCPU_MINE(lapic_logged_errors);
    lapic_eoi();
    PERCPU_MINE(lapic_logged_errors) = logged | errors;
    for (unsigned int bit = 0; bit < ARRAY_LEN(names); bit++) {
        if (errors & ~logged & BIT(bit))
            log_warn("irq", "local APIC %u: %s (ESR %#x; logged once)", lapic_id(), names[bit], errors);
    }
}

/* ---- setting up ---- */

/* LVT entries that firmware may have delivered as SMI, which are left to it, and the Max LVT Entry from which
   on each exists. */
static const struct {
    enum reg reg;
    unsigned int min_max_lvt;
} lvt[] = { { REG_LVT_LINT0, 0 },
            { REG_LVT_LINT0 + 0x10, 0 },
            { REG_LVT_PMC, MAX_LVT_WITH_PMC },
            { REG_LVT_THERMAL, MAX_LVT_WITH_THERMAL },
            { REG_LVT_CMCI, MAX_LVT_WITH_CMCI } };

/* The BSP's entries in delivery mode SMI, else 0. Constant after init. */
static uint32_t smi_entries[ARRAY_LEN(lvt)];

static unsigned int max_lvt(void)
{
    return read_register(REG_VERSION) >> 16 & 0xff;
}

static void save_smi_entries(void)
{
    for (unsigned int i = 0; i < ARRAY_LEN(lvt); i++) {
        uint32_t entry = max_lvt() >= lvt[i].min_max_lvt ? read_register(lvt[i].reg) : 0;
        smi_entries[i] =
            (entry & LVT_DELIVERY_MODE) == LVT_DELIVERY_SMI ? entry & ~(uint32_t)LVT_DELIVERY_PENDING : 0;
    }
}

/* INIT has masked the entries of an AP, on which firmware had the same SMIs as on the BSP. Source: Intel SDM
   vol. 3A, "Local APIC State After It Has Been Software Disabled"; "Local APIC State After an INIT Reset". */
static void mask_lvt(void)
{
    write_register(REG_LVT_TIMER, LVT_MASKED);
    for (unsigned int i = 0; i < ARRAY_LEN(lvt); i++)
        if (max_lvt() >= lvt[i].min_max_lvt)
            write_register(lvt[i].reg, smi_entries[i] ? smi_entries[i] : LVT_MASKED);
}

static bool isr_is_empty(void)
{
    uint32_t bits = 0;
    for (unsigned int group = 0; group < TRAP_VECTORS / 32; group++)
        bits |= read_register(REG_ISR + group * 16);
    return bits == 0;
}

/* Firmware may have left handlers unfinished: at most one for each vector. */
static void clear_isr(void)
{
    for (unsigned int eois = 0; eois < TRAP_VECTORS && !isr_is_empty(); eois++)
        lapic_eoi();
}

static void init_cpu(void)
{
    write_register(REG_SVR, SVR_APIC_ENABLE | VECTOR_SPURIOUS);
    mask_lvt();
    write_register(REG_TPR, 0);
    clear_isr();
    (void)read_esr();
    write_register(REG_LVT_ERROR, VECTOR_LAPIC_ERROR);
    write_register(REG_TIMER_DIVIDE_CONFIG, TIMER_DIVIDE_BY_16);
}

status_t lapic_init(phys_t address, lapic_choose_fn *wants_x2apic)
{
    mode = lapic_mode_init(address, wants_x2apic, &mode_found, &registers);
    if (mode == LAPIC_NONE)
        return STATUS_NOT_FOUND;
    traps_set_handler(VECTOR_SPURIOUS, handle_spurious);
    traps_set_handler(VECTOR_LAPIC_ERROR, handle_error);
    save_smi_entries();
    init_cpu();
    return STATUS_OK;
}

status_t lapic_init_cpu(void)
{
    if (!lapic_mode_enter(mode))
        return STATUS_UNSUPPORTED;
    init_cpu();
    return STATUS_OK;
}

void lapic_offline_cpu(void)
{
    mask_lvt();
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
    CHECK_IRQS_OFF();
    write_register(REG_EOI, 0);
}

bool lapic_isr_is_set(uint8_t vector)
{
    return vector_bit_is_set(REG_ISR, vector);
}

bool lapic_irr_is_set(uint8_t vector)
{
    return vector_bit_is_set(REG_IRR, vector);
}

void lapic_set_lint(unsigned int lint, enum lapic_lint meaning, struct irq_wiring wiring)
{
    static const uint32_t entries[] = { [LAPIC_LINT_MASKED] = LVT_MASKED,
                                        [LAPIC_LINT_NMI] = LVT_DELIVERY_NMI,
                                        [LAPIC_LINT_EXTINT] = LVT_DELIVERY_EXTINT };
    uint32_t entry = entries[meaning];
    if (wiring.is_active_low)
        entry |= LVT_ACTIVE_LOW;
    /* An NMI is edge triggered whatever the table says. */
    if (wiring.is_level && meaning == LAPIC_LINT_EXTINT)
        entry |= LVT_LEVEL_TRIGGERED;
    write_register(REG_LVT_LINT0 + 0x10 * lint, entry);
}

/* ---- sending ---- */

static status_t write_icr(uint32_t apic_id, uint32_t command)
{
    if (mode == LAPIC_X2APIC) {
        /* Earlier stores become visible before the write of an x2APIC register. Source: Intel SDM vol. 3A,
           "MSR Access in x2APIC Mode". */
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
    return write_icr(apic_id, ICR_LEVEL_ASSERT | vector);
}

status_t lapic_send_init(uint32_t apic_id)
{
    return write_icr(apic_id, ICR_LEVEL_ASSERT | ICR_DELIVERY_INIT);
}

status_t lapic_send_startup(uint32_t apic_id, uint32_t page)
{
    return write_icr(apic_id, ICR_LEVEL_ASSERT | ICR_DELIVERY_STARTUP | page >> PAGE_SHIFT);
}

status_t lapic_send_nmi(uint32_t apic_id)
{
    return write_icr(apic_id, ICR_LEVEL_ASSERT | ICR_DELIVERY_NMI);
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
       their order. Source: Intel SDM vol. 3A, "TSC-Deadline Mode". */
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
