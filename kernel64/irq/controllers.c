/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From firmware's tables to controllers that work.
 *
 *     MADT                I/O APICs with their GSI bases, overrides of ISA interrupts, NMI inputs
 *     no MADT: MP tables  I/O APICs, which get GSIs in their order; which input each ISA interrupt is
 *                         wired to
 *     neither             the 8259s alone
 *
 * With I/O APICs the 8259s are masked for good. Without, their output reaches the CPU through the LAPIC's
 * input 0, or directly where there is no LAPIC.
 */
#include <irq/controllers.h>

#include <ashlar/io.h>
#include <ashlar/mm/kmalloc.h>
#include <boot/options.h>
#include <cpu/features.h>
#include <irq/chips.h>
#include <irq/lapic.h>
#include <irq/vectors.h>
#include <irq/x2apic.h>
#include <log/log.h>
#include <platform/platform.h>
#include <trap/traps.h>
#include <vm/device_map.h>

/* Source: MultiProcessor Specification 1.4, "Interrupt Mode Configuration Register". */
#define PORT_IMCR_SELECT 0x22
#define PORT_IMCR_DATA   0x23
#define IMCR             0x70
#define IMCR_TO_APIC     0x01

OPTION(noioapic, "", "use the 8259s for device interrupts, not the I/O APICs");

static bool uses_ioapics;

static struct i8259 pair;
static bool has_8259;
static uint16_t pair_levels;

/* ---- I/O APICs ---- */

static void add_ioapic(phys_t address, uint32_t gsi_base, uint8_t ioapic_id)
{
    struct ioapic *ioapic = kmalloc(sizeof(*ioapic));
    if (!ioapic) {
        device_refused("I/O APIC", address, status_sentence(STATUS_NO_MEMORY));
        return;
    }
    void *registers = device_map(address, IOAPIC_SIZE, PAGE_WRITE | PAGE_UNCACHED, "I/O APIC");
    if (!registers) {
        kfree(ioapic);
        return;
    }
    const char *reason = NULL;
    if (ioapic_init(ioapic, registers, gsi_base) != STATUS_OK)
        reason = "no I/O APIC responds there";
    else if (irq_add_chip(&ioapic->chip) != STATUS_OK)
        reason = "its GSIs are another I/O APIC's";
    if (reason) {
        device_refused("I/O APIC", address, reason);
        device_unmap(registers);
        kfree(ioapic);
        return;
    }
    ioapic->address = address;
    ioapic->ioapic_id = ioapic_id;
    log_info("irq", "I/O APIC %u at P%#lx: GSI %u to %u", ioapic_id, address.raw, gsi_base,
             gsi_base + ioapic->chip.pin_count - 1);
}

/* End of the GSIs of the I/O APICs that were added so far. */
static uint32_t next_gsi(void)
{
    uint32_t gsi = 0;
    for (struct irq_chip *chip = NULL; (chip = irq_next_chip(chip)) != NULL;)
        gsi = chip->gsi_base + chip->pin_count;
    return gsi;
}

static void add_ioapics(void)
{
    for (size_t i = 0; i < platform()->ioapic_count; i++) {
        const struct platform_ioapic *ioapic = &platform()->ioapics[i];
        bool follows = ioapic->gsi_base == PLATFORM_GSI_FOLLOWS;
        add_ioapic(ioapic->address, follows ? next_gsi() : ioapic->gsi_base, ioapic->ioapic_id);
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

static struct irq_chip *chip_of_id(uint8_t ioapic_id)
{
    struct irq_chip *chip = NULL;
    while ((chip = irq_next_chip(chip)) != NULL) {
        const struct ioapic *ioapic = controllers_ioapic_of(chip);
        if (ioapic && ioapic->ioapic_id == ioapic_id)
            break;
    }
    return chip;
}

/* Return: false when @input is a pin that no I/O APIC has. */
static bool find_gsi(const struct platform_isa_input *input, uint32_t *gsi)
{
    *gsi = input->input;
    if (!input->is_pin)
        return true;
    const struct irq_chip *chip = chip_of_id(input->ioapic_id);
    if (!chip || input->input >= chip->pin_count)
        return false;
    *gsi = chip->gsi_base + input->input;
    return true;
}

static status_t isa_input_of_ioapics(uint8_t isa, uint32_t *gsi, struct irq_wiring *wiring)
{
    for (size_t i = 0; i < platform()->isa_input_count; i++) {
        const struct platform_isa_input *input = &platform()->isa_inputs[i];
        if (input->isa != isa || !find_gsi(input, gsi))
            continue;
        *wiring = input->wiring;
        return STATUS_OK;
    }
    *gsi = isa;
    *wiring = (struct irq_wiring){ false, false };
    return platform()->isa_is_identity ? STATUS_OK : STATUS_NOT_FOUND;
}

/* Whether an I/O APIC has the pins of the ISA timer and keyboard. Where the one that should have them was
   refused, the 8259s are used for ISA interrupts, beside the remaining I/O APICs. */
static bool ioapics_have_isa(void)
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
        log_warn("irq", "NMI input GSI %u ignored: no I/O APIC routes it", gsi);
}

void controllers_init_cpu(void)
{
    uint32_t mine = lapic_id();
    for (size_t i = 0; i < platform()->lint_nmi_count; i++) {
        const struct platform_lint_nmi *nmi = &platform()->lint_nmis[i];
        if (nmi->lint <= 1 && (nmi->all_cpus || nmi->apic_id == mine))
            lapic_set_lint(nmi->lint, LAPIC_LINT_NMI, nmi->wiring);
    }
}

static void route_nmi_sources(void)
{
    for (size_t i = 0; i < platform()->nmi_source_count; i++)
        route_nmi(platform()->nmi_sources[i].gsi, platform()->nmi_sources[i].wiring);
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

/* Without a MADT, i8259_init() finds out whether there is a pair. */
static void init_8259(trap_handler_fn *dispatch)
{
    if (!platform()->has_8259)
        return;
    has_8259 = i8259_init(&pair, VECTOR_8259_FIRST) == STATUS_OK;
    if (!has_8259)
        return;
    pair_levels = i8259_read_elcr();
    for (unsigned int vector = VECTOR_8259_FIRST; vector <= VECTOR_8259_LAST; vector++)
        traps_set_handler((uint8_t)vector, dispatch);
}

const struct i8259 *controllers_8259(void)
{
    return has_8259 ? &pair : NULL;
}

static void use_8259(void)
{
    if (!has_8259 || irq_add_chip(&pair.chip) != STATUS_OK) {
        log_warn("irq", "no I/O APIC and no 8259: devices are polled");
        return;
    }
    if (lapic_mode() != LAPIC_NONE)
        lapic_set_lint(0, LAPIC_LINT_EXTINT, (struct irq_wiring){ false, false });
    log_info("irq", "device interrupts through the 8259s");
}

static void disconnect_8259(void)
{
    if (platform()->has_imcr) {
        io_out8(PORT_IMCR_SELECT, IMCR);
        io_out8(PORT_IMCR_DATA, IMCR_TO_APIC);
    }
}

/* ---- setting up ---- */

static void init_lapic(void)
{
    static const char *const names[] = { "none", "xAPIC", "x2APIC" };
    status_t status = lapic_init(platform()->lapic_address, x2apic_is_wanted);
    if (status != STATUS_OK) {
        log_warn("irq", "no local APIC: %s; one CPU, device interrupts through the 8259s",
                 status_sentence(status));
        return;
    }
    log_info("irq", "local APIC %u, version %#x: %s mode (firmware left it in %s)", lapic_id(),
             lapic_version() & 0xff, names[lapic_mode()], names[lapic_mode_found()]);
}

void controllers_init(trap_handler_fn *dispatch)
{
    init_8259(dispatch);
    init_lapic();
    if (lapic_mode() != LAPIC_NONE && !option_is_given(&option_noioapic)) {
        add_ioapics();
        uses_ioapics = ioapics_have_isa();
    }
    if (uses_ioapics)
        disconnect_8259();
    else
        use_8259();
    if (lapic_mode() == LAPIC_NONE)
        return;
    route_nmi_sources();
    controllers_init_cpu();
}
