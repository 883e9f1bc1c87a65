/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Level-triggered lines with devices on them that really interrupt: comparators of the HPET, which can share an input
 * and hold its level until they are told to let go. The last one is used; the clock's alarm is another.
 *
 * Source: IA-PC HPET Specification 1.0a, "General Interrupt Status Register", "Timer N Configuration and Capabilities
 * Register".
 */
#include <ashlar/ktest.h>

#include <ashlar/io.h>
#include <ashlar/sync.h>
#include <cpu/insn.h>
#include <irq/controllers.h>
#include <irq/irq.h>
#include <time/clock.h>
#include <time/sources.h>

#define HPET_STATUS             0x020
#define HPET_COUNT              0x0f0
#define HPET_CONFIG(n)          (0x100 + 0x20 * (n))
#define HPET_COMPARATOR(n)      (0x108 + 0x20 * (n))
#define HPET_CONFIG_LEVEL       0x02
#define HPET_CONFIG_ENABLE      0x04
#define HPET_CONFIG_32_BITS     0x100
#define HPET_CONFIG_ROUTE_SHIFT 9

#define PATIENCE_NS 2000000000
#define SOON_NS     200000

/* A comparator as a device on a level line. */
struct device {
    unsigned int comparator;
    bool is_deaf; /* its handler does not look */
    volatile unsigned int taken;
    struct irq *irq;
};

static volatile uint8_t *registers;

static bool take(void *context)
{
    struct device *device = context;
    uint32_t mine = 1u << device->comparator;
    if (device->is_deaf || !(mmio_read32(registers + HPET_STATUS) & mine))
        return false;
    mmio_write32(registers + HPET_STATUS, mine); /* lets the level go */
    device->taken++;
    return true;
}

static void set_comparator(const struct device *device, uint32_t gsi, uint32_t count)
{
    mmio_write32(registers + HPET_CONFIG(device->comparator), HPET_CONFIG_32_BITS);
    mmio_write32(registers + HPET_COMPARATOR(device->comparator), count);
    mmio_write32(registers + HPET_CONFIG(device->comparator),
                 gsi << HPET_CONFIG_ROUTE_SHIFT | HPET_CONFIG_32_BITS | HPET_CONFIG_LEVEL | HPET_CONFIG_ENABLE);
}

/* A busy host may stop the machine for longer than that: a comparator that is late waits for a whole round. */
static void fire_soon(const struct device *device, uint32_t gsi)
{
    uint32_t ticks = (uint32_t)(time_hpet()->counter.rate_hz * SOON_NS / 1000000000), mine = 1u << device->comparator;
    uint32_t count;
    irq_state_t state = interrupts_off();
    do {
        count = mmio_read32(registers + HPET_COUNT) + ticks;
        set_comparator(device, gsi, count);
    } while ((int32_t)(count - mmio_read32(registers + HPET_COUNT)) <= 0 && !(mmio_read32(registers + HPET_STATUS) & mine));
    interrupts_restore(state);
}

static void silence(const struct device *device)
{
    mmio_write32(registers + HPET_CONFIG(device->comparator), 0);
    mmio_write32(registers + HPET_STATUS, 1u << device->comparator);
}

static bool take_nothing(void *context)
{
    (void)context;
    return false;
}

/* An input that both can raise and nobody has asked for. */
static bool find_gsi(unsigned int first, unsigned int second, uint32_t *gsi)
{
    uint32_t routes = hpet_routes(time_hpet(), first) & hpet_routes(time_hpet(), second);
    for (*gsi = 3; *gsi < 32; (*gsi)++) {
        struct irq *irq;
        uint32_t pin;
        if (!(routes >> *gsi & 1) || !irq_chip_of(*gsi, &pin) ||
            irq_request(*gsi, (struct irq_wiring){ false, false }, take_nothing, NULL, "test", &irq) != STATUS_OK)
            continue;
        irq_release(irq);
        return true;
    }
    return false;
}

static const struct irq_wiring level = { true, false };

static struct device first, second;

/* Return: why it cannot be done here; NULL when both are ready. */
static const char *prepare(uint32_t *gsi)
{
    const struct hpet *hpet = time_hpet();
    if (!hpet || hpet->comparators < 3 || !controllers_use_ioapics())
        return "needs an HPET with three comparators and an I/O APIC";
    registers = hpet->registers;
    first = (struct device){ .comparator = 1 };
    second = (struct device){ .comparator = 2 };
    if (!find_gsi(1, 2, gsi))
        return "no input is free that two comparators can raise";
    silence(&first);
    silence(&second);
    return NULL;
}

static bool comes(const volatile unsigned int *count, unsigned int wanted)
{
    uint64_t end_ns = clock_now_ns() + PATIENCE_NS;
    while (*count < wanted && clock_now_ns() < end_ns)
        cpu_pause();
    return *count >= wanted;
}

/* Also what was never requested. */
static void end(struct device *device)
{
    silence(device);
    if (device->irq)
        irq_release(device->irq);
    device->irq = NULL;
}

KTEST(irq, two_devices_share_a_level_line)
{
    uint32_t gsi;
    const char *reason = prepare(&gsi);
    if (reason)
        SKIP_TEST(reason);
    EXPECT(irq_request(gsi, level, take, &first, "first", &first.irq) == STATUS_OK);
    EXPECT(irq_request(gsi, level, take, &second, "second", &second.irq) == STATUS_OK);
    for (unsigned int i = 1; i <= 20 && first.irq && second.irq; i++) {
        fire_soon(&first, gsi);
        if (i % 2 == 0)
            fire_soon(&second, gsi);
        EXPECT(comes(&first.taken, i));
        EXPECT(comes(&second.taken, i / 2));
    }
    EXPECT(first.taken == 20);
    EXPECT(second.taken == 10);
    end(&first);
    end(&second);
}

/* Bochs raises a level that is held once, and again only when the input's entry is written. Elsewhere nothing changes. */
static void nudge(const struct irq_line *line)
{
    irq_state_t state = interrupts_off();
    if (!line->is_storming)
        line->chip->unmask(line->chip, line->pin);
    interrupts_restore(state);
}

/* A device that nobody listens to holds the level: its line is masked, and the machine goes on. */
KTEST(irq, a_storm_is_masked_and_ends_when_somebody_listens)
{
    uint32_t gsi;
    const char *reason = prepare(&gsi);
    if (reason)
        SKIP_TEST(reason);
    first.is_deaf = true;
    ASSERT_THAT(irq_request(gsi, level, take, &first, "deaf", &first.irq) == STATUS_OK);
    const struct irq_line *line = first.irq->line;
    fire_soon(&first, gsi);
    uint64_t end_ns = clock_now_ns() + PATIENCE_NS;
    while (!__atomic_load_n(&line->is_storming, __ATOMIC_RELAXED) && clock_now_ns() < end_ns)
        nudge(line);
    EXPECT(line->is_storming);
    EXPECT(line->unclaimed >= LINE_STORM);
    /* Who comes now gets the line back, and the interrupt that still waits. */
    second.comparator = first.comparator;
    if (irq_request(gsi, level, take, &second, "listens", &second.irq) == STATUS_OK)
        EXPECT(comes(&second.taken, 1));
    EXPECT(!line->is_storming);
    end(&second);
    end(&first);
}
