/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The interval timer. Both channels are in mode 0, the only one in which the output stays low and rises once.
 *
 * Channel 2 starts from 0, which is 65536, and in mode 0 wraps to 65535 after 0: a free-running counter of 16
 * bits. It counts down and a clock counts up, so its negative is returned.
 *
 * Channel 0 raises its output, and with it the interrupt, on the tick after the count has reached 0: it is
 * late by up to one tick and never early. By the data sheet, and on real chips, a control word alone stops
 * it: the output goes low, which is no interrupt, and counting stops until a count is written. Some virtual
 * PITs evaluate the control word only when a count is written (KVM) or when the pending interrupt is due
 * (QEMU). For these, stopping is: mode 0, the longest count, mode 0 again. One more interrupt may then come
 * there, within 55 ms.
 * Refused: a mode that waits for its gate, which would stop those too. On a chip it raises a low output at
 * once, and that is an interrupt.
 *
 * The probe is whether channel 2 counts.
 */
#include <ashlar/dev/pit8254.h>

#include <ashlar/check.h>
#include <ashlar/io.h>

#define PORT_CHANNEL0 0x40
#define PORT_CHANNEL2 0x42
#define PORT_CONTROL  0x43

enum control_word {
    CONTROL_CHANNEL0 = 0x30, /* low byte then high byte, mode 0, binary */
    CONTROL_CHANNEL2 = 0xb0,
    CONTROL_LATCH2 = 0x80,
};

/* NMI_SC, NMI status and control, with the gate of channel 2. The upper half is status,
   and is written as 0. */
#define PORT_NMI_SC      0x61
#define TIM_CNT2_EN      0x01
#define SPKR_DAT_EN      0x02
#define NMI_SC_WRITEABLE 0x0f

#define MAX_TICKS 0xffffu

/*
 * Reads to wait for channel 2 to count, and changes that are proof of it: the first may be the new count
 * replacing the old one, which happens with a closed gate too. A read takes 3 us on a PC, and a tenth of a
 * tick in an emulator that counts instructions.
 */
#define FIND_READINGS 1000
#define FIND_CHANGES  3

static void write_nmi_sc(uint8_t bits)
{
    uint8_t others = io_in8(PORT_NMI_SC) & NMI_SC_WRITEABLE & ~(TIM_CNT2_EN | SPKR_DAT_EN);
    io_out8(PORT_NMI_SC, others | bits);
}

static void load_channel0(uint16_t count)
{
    io_out8(PORT_CONTROL, CONTROL_CHANNEL0);
    io_out8(PORT_CHANNEL0, (uint8_t)count);
    io_out8(PORT_CHANNEL0, (uint8_t)(count >> 8));
}

static void stop_channel0(void)
{
    load_channel0(0);
    io_out8(PORT_CONTROL, CONTROL_CHANNEL0);
}

static uint64_t pit_counter_read(struct clock_counter *counter)
{
    struct pit8254 *pit = container_of(counter, struct pit8254, counter);
    spin_lock(&pit->lock);
    io_out8(PORT_CONTROL, CONTROL_LATCH2);
    unsigned int count = io_in8(PORT_CHANNEL2);
    count |= (unsigned int)io_in8(PORT_CHANNEL2) << 8;
    spin_unlock(&pit->lock);
    return (uint16_t)-count;
}

static void pit_clockevent_arm(struct clockevent_device *device, uint64_t ticks)
{
    struct pit8254 *pit = container_of(device, struct pit8254, clockevent);
    CHECK(ticks >= 1 && ticks <= MAX_TICKS, "pit8254: a deadline is within the range of a counter");
    spin_lock(&pit->lock);
    load_channel0((uint16_t)ticks);
    spin_unlock(&pit->lock);
}

static void pit_clockevent_disarm(struct clockevent_device *device)
{
    struct pit8254 *pit = container_of(device, struct pit8254, clockevent);
    spin_lock(&pit->lock);
    stop_channel0();
    spin_unlock(&pit->lock);
}

static bool pit_counts(struct pit8254 *pit)
{
    unsigned int changes = 0;
    uint64_t before = pit->counter.read(&pit->counter);
    for (unsigned int i = 0; i < FIND_READINGS && changes < FIND_CHANGES; i++) {
        uint64_t now = pit->counter.read(&pit->counter);
        changes += now != before;
        before = now;
    }
    return changes == FIND_CHANGES;
}

status_t pit8254_init(struct pit8254 *pit)
{
    *pit = (struct pit8254){
        .counter = { .name = "pit", .rate_hz = PIT8254_HZ, .bits = 16, .read = pit_counter_read },
        .clockevent = { .name = "pit",
                        .rate_hz = PIT8254_HZ,
                        .max_ticks = MAX_TICKS,
                        .arm = pit_clockevent_arm,
                        .disarm = pit_clockevent_disarm },
        .nmi_sc_found = io_in8(PORT_NMI_SC) & (TIM_CNT2_EN | SPKR_DAT_EN),
    };
    SPIN_INIT(&pit->lock, "pit", LOCK_PIT);
    stop_channel0();

    write_nmi_sc(TIM_CNT2_EN);
    io_out8(PORT_CONTROL, CONTROL_CHANNEL2);
    io_out8(PORT_CHANNEL2, 0);
    io_out8(PORT_CHANNEL2, 0);
    if (pit_counts(pit))
        return STATUS_OK;
    write_nmi_sc(pit->nmi_sc_found);
    return STATUS_NOT_FOUND;
}

void pit8254_stop(struct pit8254 *pit)
{
    spin_lock(&pit->lock);
    stop_channel0();
    write_nmi_sc(pit->nmi_sc_found);
    spin_unlock(&pit->lock);
}
