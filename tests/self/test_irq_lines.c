/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lines with real devices: comparators of the HPET, which can share a pin and assert a level until they are
 * acknowledged. The second and the third are used; the clockevent is another one.
 *
 * Source: IA-PC HPET Specification 1.0a, "General Interrupt Status Register", "Timer N Configuration and
 * Capabilities Register".
 */
#include <ashlar/ktest.h>

#include <ashlar/io.h>
#include <ashlar/sync/backoff.h>
#include <ashlar/sync/irqflags.h>
#include <ashlar/time_units.h>
#include <cpu/insn.h>
#include <cpu/percpu.h>
#include <irq/chips.h>
#include <irq/controllers.h>
#include <irq/irq.h>
#include <irq/lapic.h>
#include <smp/hotplug.h>
#include <smp/idle.h>
#include <smp/ipi.h>
#include <time/clock.h>
#include <time/counters.h>
#include <time/timer.h>

#include "on_every_cpu.h"

#define HPET_STATUS             0x020
#define HPET_COUNT              0x0f0
#define HPET_CONFIG(n)          (0x100 + 0x20 * (n))
#define HPET_COMPARATOR(n)      (0x108 + 0x20 * (n))
#define HPET_CONFIG_LEVEL       0x02
#define HPET_CONFIG_ENABLE      0x04
#define HPET_CONFIG_32_BITS     0x100
#define HPET_CONFIG_ROUTE_SHIFT 9

#define TIMEOUT_NS (20 * NS_PER_SECOND)
#define SOON_NS    (200 * NS_PER_US)

/* A comparator as a device on a level line. */
struct device {
    unsigned int comparator;
    bool is_edge;
    bool is_deaf; /* its handler does not check */
    volatile unsigned int taken;
    volatile unsigned int cpu; /* that took the last one */
    uint32_t due;              /* an edge: when, by the HPET's counter, */
    volatile bool is_due;      /* if it was not taken yet: it is stored nowhere else */
    struct irq *irq;
};

static volatile uint8_t *registers;

static bool take(void *context)
{
    struct device *device = context;
    uint32_t mine = 1u << device->comparator;
    if (device->is_deaf)
        return false;
    if (device->is_edge ? !device->is_due || (int32_t)(mmio_read32(registers + HPET_COUNT) - device->due) < 0
                        : !(mmio_read32(registers + HPET_STATUS) & mine))
        return false;
    if (!device->is_edge)
        mmio_write32(registers + HPET_STATUS, mine); /* lets the level go */
    device->is_due = false;
    device->cpu = PERCPU_MINE(cpu_number);
    device->taken++;
    return true;
}

static void set_comparator(struct device *device, uint32_t gsi, uint32_t count)
{
    uint32_t trigger = device->is_edge ? 0 : HPET_CONFIG_LEVEL;
    device->due = count;
    device->is_due = true;
    mmio_write32(registers + HPET_CONFIG(device->comparator), HPET_CONFIG_32_BITS);
    mmio_write32(registers + HPET_COMPARATOR(device->comparator), count);
    mmio_write32(registers + HPET_CONFIG(device->comparator),
                 gsi << HPET_CONFIG_ROUTE_SHIFT | HPET_CONFIG_32_BITS | trigger | HPET_CONFIG_ENABLE);
}

/* Return: ticks until a comparator that is set now is due: soon, but well after it is set, which takes
   milliseconds under an emulated hypervisor. The least of a few: a busy host may stop one of them. */
static uint32_t soon(struct device *device, uint32_t gsi)
{
    uint32_t least = UINT32_MAX;
    for (unsigned int i = 0; i < 3; i++) {
        uint32_t start = mmio_read32(registers + HPET_COUNT);
        set_comparator(device, gsi, start + (1u << 30)); /* seconds later */
        uint32_t taken = mmio_read32(registers + HPET_COUNT) - start;
        least = taken < least ? taken : least;
    }
    return (uint32_t)(counters_hpet()->counter.rate_hz * SOON_NS / 1000000000) + 4 * least;
}

/* A late comparator, on a busy host, waits for a whole wrap, and is set again. Xen asserts the pin of a level
   at each entry of the CPU until it can inject the interrupt, and sets the status bit only then: a comparator
   that is set again in between holds the pin for ever. So the first attempt has to be in time. Source:
   Xen 4.17, pt_update_irq(), pt_intr_post(), hpet_set_timer(). */
static void fire_soon(struct device *device, uint32_t gsi)
{
    uint32_t mine = 1u << device->comparator, count;
    irq_flags_t state = local_irq_save();
    uint32_t ticks = soon(device, gsi);
    do {
        count = mmio_read32(registers + HPET_COUNT) + ticks;
        set_comparator(device, gsi, count);
        ticks *= 2;
    } while ((int32_t)(count - mmio_read32(registers + HPET_COUNT)) <= 0 &&
             !(mmio_read32(registers + HPET_STATUS) & mine));
    local_irq_restore(state);
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

/* A pin that both can raise, without a handler. */
static bool find_gsi(unsigned int first, unsigned int second, uint32_t *gsi)
{
    uint32_t routes = hpet_routes(counters_hpet(), first) & hpet_routes(counters_hpet(), second);
    for (*gsi = 3; *gsi < 32; (*gsi)++) {
        struct irq *irq;
        uint32_t pin;
        if (!(routes >> *gsi & 1) || !irq_chip_of(*gsi, &pin) ||
            irq_request(*gsi, (struct irq_wiring){ false, false }, take_nothing, NULL, "test", &irq) !=
                STATUS_OK)
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
    const struct hpet *hpet = counters_hpet();
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
    uint64_t end_ns = clock_now_ns() + TIMEOUT_NS;
    while (*count < wanted && clock_now_ns() < end_ns)
        cpu_relax();
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

/* Bochs raises a level that is held once, and again only when the input's entry is written. Elsewhere nothing
   changes. */
static void nudge(const struct irq_line *line)
{
    irq_flags_t state = local_irq_save();
    if (!line->is_storming)
        line->chip->unmask(line->chip, line->pin);
    local_irq_restore(state);
}

/* A device without a handler holds the level: its line is masked, and the machine keeps running. */
KTEST(irq, a_storm_is_masked_until_a_new_handler_is_added)
{
    uint32_t gsi;
    const char *reason = prepare(&gsi);
    if (reason)
        SKIP_TEST(reason);
    first.is_deaf = true;
    ASSERT_THAT(irq_request(gsi, level, take, &first, "deaf", &first.irq) == STATUS_OK);
    const struct irq_line *line = first.irq->line;
    fire_soon(&first, gsi);
    uint64_t end_ns = clock_now_ns() + TIMEOUT_NS;
    while (!__atomic_load_n(&line->is_storming, __ATOMIC_RELAXED) && clock_now_ns() < end_ns)
        nudge(line);
    EXPECT(line->is_storming);
    EXPECT(line->unhandled >= LINE_STORM);
    /* The next handler gets the line back, and the pending interrupt. */
    second.comparator = first.comparator;
    if (irq_request(gsi, level, take, &second, "listens", &second.irq) == STATUS_OK)
        EXPECT(comes(&second.taken, 1));
    EXPECT(!line->is_storming);
    end(&second);
    end(&first);
}

/* ---- a line whose CPU goes offline ---- */

#define LEAVINGS 20

struct asking {
    struct device *device;
    struct irq_wiring wiring;
    uint32_t gsi;
    status_t status;
};

static void ask_here(void *argument)
{
    struct asking *asking = argument;
    asking->status =
        irq_request(asking->gsi, asking->wiring, take, asking->device, "leaves", &asking->device->irq);
}

/* Its interrupt arrives shortly before the CPU goes offline, meanwhile, or shortly after: a little later each
 * time. */
static void leave_while_it_fires(struct asking *asking, unsigned int cpu, unsigned int time)
{
    struct device *device = asking->device;
    EXPECT(device->irq->line->cpu == cpu);
    fire_soon(device, asking->gsi);
    timer_spin_ns(SOON_NS * time / LEAVINGS);
    EXPECT(cpu_offline(cpu) == STATUS_OK);
    EXPECT(comes(&device->taken, 1));
    EXPECT(device->irq->line->cpu == 0);
    device->taken = 0;
    fire_soon(device, asking->gsi);
    EXPECT(comes(&device->taken, 1));
    EXPECT(device->cpu == 0);
    EXPECT(cpu_online(cpu) == STATUS_OK);
}

static void leave_again_and_again(struct irq_wiring wiring, bool is_edge)
{
    uint32_t gsi;
    unsigned int cpu = next_online_cpu(0);
    const char *reason = cpu != 0 ? prepare(&gsi) : "one CPU";
    if (reason)
        SKIP_TEST(reason);
    struct asking asking = { &first, wiring, gsi, STATUS_BUSY };
    first.is_edge = is_edge;
    for (unsigned int i = 0; i < LEAVINGS; i++) {
        ASSERT_THAT(on_cpu(cpu, ask_here, &asking));
        ASSERT_THAT(asking.status == STATUS_OK);
        first.taken = 0;
        leave_while_it_fires(&asking, cpu, i);
        end(&first);
    }
}

KTEST(irq, a_level_line_moves_when_its_cpu_goes_offline)
{
    leave_again_and_again(level, false);
}

KTEST(irq, an_edge_line_moves_when_its_cpu_goes_offline)
{
    leave_again_and_again((struct irq_wiring){ false, false }, true);
}

static void leave_with_one_on_its_way(void *argument)
{
    struct asking *asking = argument;
    const struct irq_target first_cpu = { 0, ipi_apic_id(0) };
    ask_here(asking);
    if (asking->status != STATUS_OK)
        return;
    irq_flags_t state = local_irq_save();
    fire_soon(asking->device, asking->gsi);
    while (!lapic_irr_is_set(asking->device->irq->line->vector))
        cpu_relax();
    asking->status = irq_offline_cpu(&first_cpu);
    local_irq_restore(state);
}

KTEST(irq, a_line_does_not_move_before_its_pending_interrupt_is_taken)
{
    uint32_t gsi;
    unsigned int cpu = next_online_cpu(0);
    const char *reason = cpu != 0 ? prepare(&gsi) : "one CPU";
    if (reason)
        SKIP_TEST(reason);
    struct asking asking = { &first, level, gsi, STATUS_BUSY };
    ASSERT_THAT(on_cpu(cpu, leave_with_one_on_its_way, &asking));
    EXPECT(asking.status == STATUS_TIMEOUT);
    ASSERT_THAT(first.irq != NULL);
    EXPECT(first.irq->line->cpu == cpu);
    EXPECT(comes(&first.taken, 1));
    EXPECT(first.cpu == cpu);
    fire_soon(&first, gsi);
    EXPECT(comes(&first.taken, 2));
    end(&first);
}

/* ---- a line that is released while it is being moved, or was before ---- */

static bool is_leaving;

/* With a pending edge on this CPU, so that irq_offline_cpu() keeps waiting. */
static void leave_slowly(void *argument)
{
    struct asking *asking = argument;
    const struct irq_target first_cpu = { 0, ipi_apic_id(0) };
    irq_flags_t state = local_irq_save();
    fire_soon(asking->device, asking->gsi);
    while (!lapic_irr_is_set(asking->device->irq->line->vector))
        cpu_relax();
    __atomic_store_n(&is_leaving, true, __ATOMIC_RELEASE);
    asking->status = irq_offline_cpu(&first_cpu);
    local_irq_restore(state);
}

static void release_while_it_leaves(struct asking *asking, unsigned int cpu)
{
    struct work leaving = { .run = leave_slowly, .argument = asking };
    const struct irq_line *line = asking->device->irq->line;
    is_leaving = false;
    ASSERT_THAT(idle_queue_work(cpu, &leaving));
    while (!__atomic_load_n(&is_leaving, __ATOMIC_ACQUIRE))
        cpu_relax();
    end(asking->device);
    idle_wait_for_work(&leaving);
    /* A busy host may have delayed this CPU until the wait timed out. */
    EXPECT(asking->status == STATUS_OK || asking->status == STATUS_TIMEOUT);
    EXPECT(line->vector == 0);
}

/* Return: whether it interrupts @cpu. */
static bool can_be_had_here(struct asking *asking, unsigned int cpu)
{
    bool is_taken = false;
    asking->device->taken = 0;
    ask_here(asking);
    if (asking->status == STATUS_OK) {
        fire_soon(asking->device, asking->gsi);
        is_taken = comes(&asking->device->taken, 1) && asking->device->cpu == cpu;
    }
    end(asking->device);
    return is_taken;
}

KTEST(irq, a_released_line_is_not_moved_and_can_be_requested_again)
{
    uint32_t gsi;
    unsigned int cpu = next_online_cpu(0);
    const char *reason = cpu != 0 ? prepare(&gsi) : "one CPU";
    if (reason)
        SKIP_TEST(reason);
    struct asking asking = { &first, { false, false }, gsi, STATUS_BUSY };
    first.is_edge = true;
    ASSERT_THAT(on_cpu(cpu, ask_here, &asking) && asking.status == STATUS_OK);
    release_while_it_leaves(&asking, cpu);
    EXPECT(can_be_had_here(&asking, 0));
    ASSERT_THAT(on_cpu(cpu, ask_here, &asking) && asking.status == STATUS_OK);
    end(&first);
    EXPECT(cpu_offline(cpu) == STATUS_OK);
    EXPECT(can_be_had_here(&asking, 0));
    EXPECT(cpu_online(cpu) == STATUS_OK);
}

/* ---- a handler that calls other CPUs, of which one waits for it ---- */

#define WHILE_THE_OTHER_COMES_NS (2 * NS_PER_MS)

static volatile bool is_handling, has_handled;

static void do_nothing(void *argument)
{
    (void)argument;
}

static bool take_and_call(void *context)
{
    bool is_taken = take(context);
    is_handling = true;
    timer_spin_ns(WHILE_THE_OTHER_COMES_NS);
    ipi_call_all(do_nothing, NULL);
    has_handled = true;
    return is_taken;
}

static void ask_for_calls(void *argument)
{
    struct asking *asking = argument;
    asking->status = irq_request(asking->gsi, asking->wiring, take_and_call, asking->device, "calls",
                                 &asking->device->irq);
}

KTEST(irq, a_handler_may_call_the_cpu_that_waits_for_the_handler)
{
    uint32_t gsi;
    unsigned int cpu = next_online_cpu(0);
    const char *reason = cpu != 0 ? prepare(&gsi) : "one CPU";
    if (reason)
        SKIP_TEST(reason);
    struct asking asking = { &first, level, gsi, STATUS_BUSY };
    is_handling = has_handled = false;
    ASSERT_THAT(on_cpu(cpu, ask_for_calls, &asking) && asking.status == STATUS_OK);
    fire_soon(&first, gsi);
    uint64_t end_ns = clock_now_ns() + TIMEOUT_NS;
    while (!is_handling && clock_now_ns() < end_ns)
        cpu_relax();
    EXPECT(is_handling);
    irq_release(first.irq);
    first.irq = NULL;
    EXPECT(has_handled);
    end(&first);
}
