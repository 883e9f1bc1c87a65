/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two 8259s, the slave cascaded into IR2 of the master.
 *
 * When a request is withdrawn between INTR and the CPU's INTA cycle, the chip delivers IR7. A real IR7 is set
 * in ISR, a spurious one is not. For a spurious IR15 the master has seen a real IR2, which needs its EOI.
 *
 * Automatic EOI is not used: ISR would be clear for real interrupts, too. Each EOI is a specific one, so that
 * an extra EOI ends no other interrupt.
 */
#include <ashlar/dev/i8259.h>

#include <ashlar/io.h>

#define PORT_MASTER 0x20
#define PORT_SLAVE  0xa0
#define COMMAND     0 /* from a chip's port */
#define DATA        1

#define PORT_ELCR1  0x4d0
#define PORT_ELCR2  0x4d1
#define NEVER_LEVEL 0x2107 /* timer, keyboard, cascade; real-time clock, FPU */

#define ICW1_INIT_IC4     0x11 /* edge triggered where there is no ELCR, cascaded, ICW4 follows */
#define ICW4_8086         0x01
#define OCW2_SPECIFIC_EOI 0x60
#define OCW3_READ_ISR     0x0b

#define PINS_EACH    8
#define SPURIOUS_PIN 7 /* of each: IR7, delivered without a request */

static struct i8259 *pair_of(struct irq_chip *chip)
{
    return container_of(chip, struct i8259, chip);
}

static uint16_t port_of(uint32_t pin)
{
    return pin < PINS_EACH ? PORT_MASTER : PORT_SLAVE;
}

static void write_masks(const struct i8259 *pair)
{
    io_out8(PORT_MASTER + DATA, (uint8_t)pair->mask);
    io_out8(PORT_SLAVE + DATA, (uint8_t)(pair->mask >> PINS_EACH));
}

static void set_mask(struct i8259 *pair, uint32_t pin, bool is_masked)
{
    spin_lock(&pair->lock);
    pair->mask = (uint16_t)(is_masked ? pair->mask | 1u << pin : pair->mask & ~(1u << pin));
    /* The cascade is unmasked while any pin of the slave is. */
    bool is_slave_used = pair->mask >> PINS_EACH != 0xff;
    pair->mask =
        (uint16_t)((pair->mask & ~(1u << I8259_CASCADE)) | (is_slave_used ? 0 : 1u << I8259_CASCADE));
    write_masks(pair);
    spin_unlock(&pair->lock);
}

static void mask(struct irq_chip *chip, uint32_t pin)
{
    set_mask(pair_of(chip), pin, true);
}

static void unmask(struct irq_chip *chip, uint32_t pin)
{
    set_mask(pair_of(chip), pin, false);
}

/* The pair interrupts the one CPU that its INTR is wired to; polarity and trigger are the chipset's. */
static status_t route(struct irq_chip *chip, uint32_t pin, const struct irq_route *route)
{
    if (route->is_nmi || pin == I8259_CASCADE || route->vector != chip->fixed_vector + pin)
        return STATUS_UNSUPPORTED;
    mask(chip, pin);
    return STATUS_OK;
}

static void send_eoi(uint32_t pin)
{
    io_out8(port_of(pin) + COMMAND, (uint8_t)(OCW2_SPECIFIC_EOI | pin % PINS_EACH));
    if (pin >= PINS_EACH)
        io_out8(PORT_MASTER + COMMAND, OCW2_SPECIFIC_EOI | I8259_CASCADE);
}

static void eoi(struct irq_chip *chip, uint32_t pin)
{
    struct i8259 *pair = pair_of(chip);
    spin_lock(&pair->lock);
    send_eoi(pin);
    spin_unlock(&pair->lock);
}

static bool begin(struct irq_chip *chip, uint32_t pin)
{
    struct i8259 *pair = pair_of(chip);
    bool is_real = true;
    if (pin % PINS_EACH != SPURIOUS_PIN)
        return true;
    spin_lock(&pair->lock);
    io_out8(port_of(pin) + COMMAND, OCW3_READ_ISR);
    if (!(io_in8(port_of(pin) + COMMAND) & 1u << SPURIOUS_PIN)) {
        is_real = false;
        pair->spurious[pin / PINS_EACH]++;
        if (pin >= PINS_EACH)
            io_out8(PORT_MASTER + COMMAND, OCW2_SPECIFIC_EOI | I8259_CASCADE);
    }
    spin_unlock(&pair->lock);
    return is_real;
}

/* ICW1 to ICW4 are told apart by their order. */
static void program(uint16_t port, uint8_t vector, uint8_t cascade)
{
    io_out8(port + COMMAND, ICW1_INIT_IC4);
    io_out8(port + DATA, vector);
    io_out8(port + DATA, cascade);
    io_out8(port + DATA, ICW4_8086);
}

status_t i8259_init(struct i8259 *pair, uint8_t first_vector)
{
    *pair = (struct i8259){
        .chip = { .name = "8259",
                  .pin_count = I8259_PINS,
                  .fixed_vector = first_vector,
                  .route = route,
                  .mask = mask,
                  .unmask = unmask,
                  .begin = begin,
                  .eoi = eoi },
        .mask = 0xffff,
    };
    SPIN_INIT(&pair->lock, "i8259", LOCK_IRQ_CHIP);
    write_masks(pair);
    program(PORT_MASTER, first_vector, 1u << I8259_CASCADE);
    program(PORT_SLAVE, (uint8_t)(first_vector + PINS_EACH), I8259_CASCADE);
    /* IMR must read back, with a value that a missing chip does not return. */
    io_out8(PORT_MASTER + DATA, 0xfb);
    io_out8(PORT_SLAVE + DATA, 0xdf);
    bool is_there = io_in8(PORT_MASTER + DATA) == 0xfb && io_in8(PORT_SLAVE + DATA) == 0xdf;
    write_masks(pair);
    return is_there ? STATUS_OK : STATUS_NOT_FOUND;
}

uint16_t i8259_read_elcr(void)
{
    uint16_t levels = (uint16_t)(io_in8(PORT_ELCR1) | io_in8(PORT_ELCR2) << PINS_EACH);
    return levels & NEVER_LEVEL ? 0 : levels;
}
