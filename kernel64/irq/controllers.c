/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From firmware's tables to controllers that work.
 *
 *     MADT                I/O APICs with their GSI bases, overrides of ISA interrupts, NMI inputs
 *     no MADT: MP tables  I/O APICs, which get GSIs in their order; which input each ISA interrupt is wired
 *     to
 *     neither             the 8259s alone
 *
 * With I/O APICs the 8259s are masked for good. Without, their output reaches the CPU through the LAPIC's
 * input 0, or directly where there is no LAPIC.
 */
#include <irq/controllers.h>

#include <acpi/init.h>
#include <acpi/madt.h>
#include <acpi/mp_table.h>
#include <ashlar/io.h>
#include <ashlar/mm/kmalloc.h>
#include <boot/machine.h>
#include <cpu/features.h>
#include <irq/irq.h>
#include <irq/lapic.h>
#include <irq/vectors.h>
#include <irq/x2apic.h>
#include <lib/string.h>
#include <log/log.h>
#include <trap/traps.h>
#include <vm/map_device.h>

/* Source: MultiProcessor Specification 1.4, "Interrupt Mode Configuration Register". */
#define PORT_IMCR_SELECT 0x22
#define PORT_IMCR_DATA   0x23
#define IMCR             0x70
#define IMCR_TO_APIC     0x01

static struct madt madt;
static bool has_madt;
static struct mp_table mp;
static bool has_mp, has_imcr;
static bool uses_ioapics;

static struct i8259 pair;
static bool has_8259;
static uint16_t pair_levels;

/* ---- what firmware says ---- */

static void complain(const char *sentence, size_t number)
{
    log_warn("acpi", "%s %lu", sentence, number);
}

static void complain_about_mp(void)
{
    struct mp_entry entry;
    size_t cursor = 0;
    status_t status;
    while ((status = mp_next(&mp, &cursor, &entry)) == STATUS_OK)
        ;
    if (status == STATUS_MALFORMED)
        complain("MP table cut short: an entry is of no known type, and the rest is dropped: from offset",
                 cursor);
}

static void read_tables(void)
{
    size_t size_bytes;
    struct mp_pointer pointer;
    const void *data = acpi_find_here("APIC", &size_bytes);
    has_madt = data && madt_parse(data, size_bytes, &madt) == STATUS_OK;
    if (has_madt) {
        (void)madt_complain(&madt, complain);
        return;
    }
    if (mp_find(acpi_read, &pointer) == STATUS_OK && mp_table_read(acpi_read, &pointer, &mp) == STATUS_OK) {
        has_mp = true;
        has_imcr = pointer.has_imcr;
        complain_about_mp();
        log_info("irq", "no MADT; the MP tables of %s %s serve", mp.oem_id, mp.product_id);
    }
}

static bool lists_wide_ids(void)
{
    struct madt_cpu cpu;
    for (struct madt_cpu_cursor cursor = { 0, 0 }; has_madt && madt_next_cpu(&madt, &cursor, &cpu);)
        if (cpu.apic_id > LAPIC_XAPIC_ID_LAST)
            return true;
    return false;
}

static phys_t lapic_address(void)
{
    if (has_madt)
        return madt.lapic_address;
    return has_mp ? mp.lapic_address : PHYS_INVALID;
}

/* ---- I/O APICs ---- */

static void add_ioapic(phys_t address, uint32_t gsi_base, uint8_t ioapic_id)
{
    struct ioapic *ioapic = kmalloc(sizeof(*ioapic));
    if (!ioapic) {
        device_refused("I/O APIC", address, status_sentence(STATUS_NO_MEMORY));
        return;
    }
    void *registers = map_device(address, IOAPIC_SIZE, PAGE_WRITE | PAGE_UNCACHED, "I/O APIC");
    if (!registers) {
        kfree(ioapic);
        return;
    }
    const char *reason = NULL;
    if (ioapic_init(ioapic, registers, gsi_base) != STATUS_OK)
        reason = "no I/O APIC answers there";
    else if (irq_add_chip(&ioapic->chip) != STATUS_OK)
        reason = "its GSIs belong to another one";
    if (reason) {
        device_refused("I/O APIC", address, reason);
        unmap_device(registers);
        kfree(ioapic);
        return;
    }
    ioapic->address = address;
    ioapic->ioapic_id = ioapic_id;
    log_info("irq", "I/O APIC %u at P%#lx: GSI %u to %u", ioapic_id, address.raw, gsi_base,
             gsi_base + ioapic->chip.pin_count - 1);
}

static void add_ioapics_of_madt(void)
{
    struct madt_entry entry;
    for (size_t cursor = 0; madt_next(&madt, &cursor, &entry) == STATUS_OK;)
        if (entry.kind == MADT_IOAPIC)
            add_ioapic(entry.ioapic.address, entry.ioapic.gsi_base, entry.ioapic.ioapic_id);
}

static void add_ioapics_of_mp(void)
{
    struct mp_entry entry;
    uint32_t gsi = 0;
    for (size_t cursor = 0; mp_next(&mp, &cursor, &entry) == STATUS_OK;) {
        if (entry.kind != MP_IOAPIC || !entry.ioapic.is_enabled)
            continue;
        add_ioapic(entry.ioapic.address, gsi, entry.ioapic.ioapic_id);
        for (struct irq_chip *chip = NULL; (chip = irq_next_chip(chip)) != NULL;)
            gsi = chip->gsi_base + chip->pin_count;
    }
}

struct ioapic *controllers_ioapic_of(struct irq_chip *chip)
{
    return chip == &pair.chip ? NULL : container_of(chip, struct ioapic, chip);
}

bool controllers_use_ioapics(void)
{
    return uses_ioapics;
}

/* ---- ISA interrupts ---- */

static bool is_isa_bus(uint8_t bus)
{
    struct mp_entry entry;
    for (size_t cursor = 0; mp_next(&mp, &cursor, &entry) == STATUS_OK;)
        if (entry.kind == MP_BUS && entry.bus.bus == bus)
            return strncmp(entry.bus.name, "ISA", 3) == 0;
    return false;
}

static struct irq_chip *chip_of_id(uint8_t ioapic_id)
{
    struct irq_chip *chip = NULL;
    while ((chip = irq_next_chip(chip)) != NULL)
        if (controllers_ioapic_of(chip)->ioapic_id == ioapic_id)
            break;
    return chip;
}

static status_t isa_input_of_mp(uint8_t isa, uint32_t *gsi, struct irq_wiring *wiring)
{
    struct mp_entry entry;
    for (size_t cursor = 0; mp_next(&mp, &cursor, &entry) == STATUS_OK;) {
        const struct mp_interrupt *input = &entry.interrupt;
        if (entry.kind != MP_INTERRUPT || input->type != MP_INT || input->source != isa ||
            !is_isa_bus(input->bus))
            continue;
        struct irq_chip *chip = chip_of_id(input->apic_id);
        if (!chip || input->input >= chip->pin_count)
            continue;
        *gsi = chip->gsi_base + input->input;
        *wiring = (struct irq_wiring){ .is_level = input->trigger == ACPI_TRIGGER_LEVEL,
                                       .is_active_low = input->polarity == ACPI_POLARITY_LOW };
        return STATUS_OK;
    }
    return STATUS_NOT_FOUND;
}

static status_t isa_input_of_ioapics(uint8_t isa, uint32_t *gsi, struct irq_wiring *wiring)
{
    if (!has_madt)
        return isa_input_of_mp(isa, gsi, wiring);
    struct madt_input input = madt_isa_input(&madt, isa);
    *gsi = input.gsi;
    *wiring = (struct irq_wiring){ .is_level = input.is_level, .is_active_low = input.is_active_low };
    return STATUS_OK;
}

/* Whether an I/O APIC has the inputs of the ISA timer and keyboard: where the one that should have them was
   refused, the 8259s have them, beside the I/O APICs that are left. */
static bool ioapics_serve_isa(void)
{
    struct irq_chip *first = irq_next_chip(NULL);
    if (!first || !has_8259)
        return first != NULL;
    for (uint8_t isa = 0; isa <= 1; isa++) {
        uint32_t gsi, pin;
        struct irq_wiring wiring;
        if (isa_input_of_ioapics(isa, &gsi, &wiring) == STATUS_OK && irq_chip_of(gsi, &pin))
            return true;
    }
    return false;
}

status_t controllers_isa_input(uint8_t isa, uint32_t *gsi, struct irq_wiring *wiring)
{
    if (isa >= ISA_INTERRUPTS)
        return STATUS_NOT_FOUND;
    if (!uses_ioapics) {
        *gsi = isa;
        *wiring = (struct irq_wiring){ .is_level = (pair_levels >> isa & 1) != 0 };
        return has_8259 ? STATUS_OK : STATUS_NOT_FOUND;
    }
    return isa_input_of_ioapics(isa, gsi, wiring);
}

/* ---- NMI ---- */

static void route_nmi(uint32_t gsi, struct irq_wiring wiring)
{
    uint32_t pin;
    struct irq_chip *chip = irq_chip_of(gsi, &pin);
    struct irq_route to = { .apic_id = lapic_id(), .is_nmi = true, .wiring = wiring };
    if (chip && chip->route(chip, pin, &to) == STATUS_OK)
        chip->unmask(chip, pin);
    else
        log_warn("irq", "the NMI input GSI %u cannot be used", gsi);
}

static struct irq_wiring wiring_of(const struct madt_wiring *wiring)
{
    return (struct irq_wiring){ .is_level = wiring->trigger == ACPI_TRIGGER_LEVEL,
                                .is_active_low = wiring->polarity == ACPI_POLARITY_LOW };
}

/* Entries for other CPUs are theirs; which one we are, the CPU entries say. */
static bool is_for_this_cpu(const struct madt_lapic_nmi *nmi)
{
    struct madt_entry entry;
    if (nmi->all_cpus)
        return true;
    for (size_t cursor = 0; madt_next(&madt, &cursor, &entry) == STATUS_OK;)
        if (entry.kind == MADT_CPU && entry.cpu.uid == nmi->uid && entry.cpu.is_x2apic == nmi->is_x2apic &&
            entry.cpu.apic_id == lapic_id())
            return true;
    return false;
}

void controllers_init_cpu(void)
{
    struct madt_entry entry;
    bool has_lapic_nmi = false;
    for (size_t cursor = 0; has_madt && madt_next(&madt, &cursor, &entry) == STATUS_OK;) {
        if (entry.kind != MADT_LAPIC_NMI)
            continue;
        has_lapic_nmi = true;
        if (entry.lapic_nmi.lint <= 1 && is_for_this_cpu(&entry.lapic_nmi))
            lapic_set_lint(entry.lapic_nmi.lint, LAPIC_LINT_NMI, wiring_of(&entry.lapic_nmi.wiring));
    }
    /* What every PC wires, said or not. */
    if (!has_lapic_nmi)
        lapic_set_lint(1, LAPIC_LINT_NMI, (struct irq_wiring){ false, false });
}

static void route_nmi_sources(void)
{
    struct madt_entry entry;
    for (size_t cursor = 0; has_madt && madt_next(&madt, &cursor, &entry) == STATUS_OK;)
        if (entry.kind == MADT_NMI_SOURCE)
            route_nmi(entry.nmi_source.gsi, wiring_of(&entry.nmi_source.wiring));
}

/* ---- the 8259s ---- */

bool controllers_take_8259_spurious(uint8_t vector)
{
    if (!has_8259 || vector < VECTOR_8259_FIRST || vector > VECTOR_8259_LAST)
        return false;
    uint32_t pin = vector - VECTOR_8259_FIRST;
    if (pair.chip.begin(&pair.chip, pin))
        pair.chip.eoi(&pair.chip, pin);
    return true;
}

/* Without a MADT there is a pair, or the ports say that there is none. */
static void init_8259(void)
{
    if (has_madt && !madt.has_8259)
        return;
    has_8259 = i8259_init(&pair, VECTOR_8259_FIRST) == STATUS_OK;
    if (!has_8259)
        return;
    pair_levels = i8259_read_elcr();
    for (unsigned int vector = VECTOR_8259_FIRST; vector <= VECTOR_8259_LAST; vector++)
        traps_set_handler((uint8_t)vector, irq_dispatch);
}

const struct i8259 *controllers_8259(void)
{
    return has_8259 ? &pair : NULL;
}

static void use_8259(void)
{
    if (!has_8259 || irq_add_chip(&pair.chip) != STATUS_OK) {
        log_warn("irq", "no I/O APIC and no 8259: devices cannot interrupt");
        return;
    }
    if (lapic_mode() != LAPIC_NONE)
        lapic_set_lint(0, LAPIC_LINT_EXTINT, (struct irq_wiring){ false, false });
    log_info("irq", "devices interrupt through the 8259s");
}

static void leave_8259(void)
{
    if (has_imcr) {
        io_out8(PORT_IMCR_SELECT, IMCR);
        io_out8(PORT_IMCR_DATA, IMCR_TO_APIC);
    }
}

/* ---- setting up ---- */

static bool wants_x2apic(const struct lapic_found *found)
{
    return x2apic_is_wanted(found, lists_wide_ids());
}

static void init_lapic(void)
{
    static const char *const words[] = { "none", "xAPIC", "x2APIC" };
    status_t status = lapic_init(lapic_address(), wants_x2apic);
    if (status != STATUS_OK) {
        log_warn("irq", "no local APIC: %s", status_sentence(status));
        return;
    }
    log_info("irq", "local APIC %u, version %#x: found in mode %s, used in mode %s", lapic_id(),
             lapic_version() & 0xff, words[lapic_mode_found()], words[lapic_mode()]);
}

void irq_init(void)
{
    traps_set_acknowledge(irq_take_unexpected);
    read_tables();
    init_8259();
    init_lapic();
    if (lapic_mode() != LAPIC_NONE && !machine_has_option("noioapic")) {
        if (has_madt)
            add_ioapics_of_madt();
        else if (has_mp)
            add_ioapics_of_mp();
        uses_ioapics = ioapics_serve_isa();
    }
    if (uses_ioapics)
        leave_8259();
    else
        use_8259();
    if (lapic_mode() == LAPIC_NONE)
        return;
    route_nmi_sources();
    controllers_init_cpu();
}
