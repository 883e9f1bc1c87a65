/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The model of a timer block: see hpet_model.h.
 *
 * Source: IA-PC HPET Specification 1.0a, chapter 2.
 */
#include <hpet_model.h>

#include <ashlar/check.h>
#include <ashlar/io.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define READ_ONLY 0x8030u /* capability bits of a comparator's configuration */

struct hpet_model device;
struct hpet hpet;

uint8_t hpet_block[HPET_BLOCK_BYTES];

void verify_failed(const char *expression, const char *file, int line)
{
    fprintf(stderr, "%s:%d: %s\n", file, line, expression);
    abort();
}

static void interrupt(struct comparator *comparator)
{
    if (!(comparator->config & 0x4))
        return;
    if (device.interrupts++ == 0)
        device.first_interrupt = device.ticks;
    device.interrupted = comparator;
}

/* One tick, or as many as pass before anything happens; at most @ticks. Returns how many. */
static uint64_t step(uint64_t ticks)
{
    for (size_t n = 0; n < 32; n++) {
        struct comparator *comparator = &device.comparator[n];
        uint32_t left = comparator->value - (uint32_t)device.ticks;
        uint64_t to_match = left == 0 ? 1ULL << 32 : left;
        if (to_match < ticks)
            ticks = to_match;
        if (comparator->settles > 0 && comparator->settles < ticks)
            ticks = comparator->settles;
    }
    device.ticks += ticks;
    for (size_t n = 0; n < 32; n++) {
        struct comparator *comparator = &device.comparator[n];
        if (comparator->value == (uint32_t)device.ticks)
            interrupt(comparator);
        if (comparator->settles > 0) {
            comparator->settles -= (unsigned int)ticks;
            if (comparator->settles == 0)
                comparator->value = comparator->written;
        }
    }
    return ticks;
}

void pass(uint64_t ticks)
{
    while (ticks > 0 && (device.config & 1) && !device.is_stuck)
        ticks -= step(ticks);
}

static void access_block(void)
{
    device.accesses++;
    pass(device.ticks_per_access);
    if (device.accesses_per_tick > 0 && device.accesses % device.accesses_per_tick == 0)
        pass(1);
}

static size_t offset_of(const volatile void *reg)
{
    size_t offset = (size_t)((const volatile uint8_t *)reg - hpet_block);
    assert_in_range(offset, 0, HPET_BLOCK_BYTES - 4);
    assert_int_equal(offset % 4, 0);
    return offset;
}

static struct comparator *comparator_at(size_t offset)
{
    assert_in_range(offset, 0x100, 0x3fff);
    size_t n = (offset - 0x100) / 0x20;
    assert_in_range(n, 0, device.capabilities >> 8 & 0x1f);
    return &device.comparator[n];
}

uint32_t mmio_read32(const volatile void *reg)
{
    size_t offset = offset_of(reg);
    access_block();
    switch (offset) {
    case 0x000:
        return device.capabilities;
    case 0x004:
        return device.period;
    case 0x010:
        return device.config;
    case 0x020:
        return device.status;
    case 0x0f0:
        return (uint32_t)device.ticks;
    default:
        break;
    }
    struct comparator *comparator = comparator_at(offset);
    switch (offset % 0x20) {
    case 0x00:
        return comparator->config;
    case 0x04:
        return comparator->routes;
    default:
        assert_int_equal(offset % 0x20, 0x08);
        return comparator->value;
    }
}

static void write_timer_config(struct comparator *comparator, uint32_t value)
{
    uint32_t fixed = READ_ONLY | (comparator->config & 0x20 ? 0 : 0x100);
    value = (value & ~fixed) | (comparator->config & fixed);
    if (comparator->broken_routes & 1u << (value >> 9 & 0x1f))
        value &= ~0x3e00u;
    assert_int_equal(value & RESERVED, RESERVED);
    comparator->config = value;
}

void mmio_write32(volatile void *reg, uint32_t value)
{
    size_t offset = offset_of(reg);
    access_block();
    switch (offset) {
    case 0x010:
        assert_int_equal(value & ~3u, device.config & ~3u);
        device.config = value;
        return;
    case 0x020:
        device.status &= ~value;
        device.status_written = value;
        return;
    default:
        break;
    }
    struct comparator *comparator = comparator_at(offset);
    if (offset % 0x20 == 0) {
        write_timer_config(comparator, value);
        return;
    }
    assert_int_equal(offset % 0x20, 0x08);
    pass(device.delay_once);
    device.delay_once = 0;
    comparator->written = value;
    comparator->settles = device.settle_ticks;
    if (device.settle_ticks == 0)
        comparator->value = value;
}

int plug_in(void **state)
{
    (void)state;
    memset(&device, 0, sizeof(device));
    device.capabilities = 0x8086a201;
    device.period = 69841279; /* 14.318 MHz */
    device.config = 0xa4 | 0x3;
    device.ticks = 0x1fffff000;
    device.ticks_per_access = 7;
    for (size_t n = 0; n < 3; n++)
        device.comparator[n] = (struct comparator){
            .config = RESERVED | 0x8030 | 0x4000 | 0x3e00 | 0x8 | 0x4 | 0x2,
            .routes = n == 0 ? 0x00f00004 : 0x00f00800,
        };
    device.comparator[2].config = RESERVED | 0x0010 | 0x4; /* 32 bits, edge */
    device.status = 0x3;
    return 0;
}

void init(void)
{
    assert_int_equal(hpet_init(&hpet, hpet_block), STATUS_OK);
}
