/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The model of a real-time clock: see rtc_model.h. Its constants are copied from the data sheet and not from
 * the driver.
 * Source: Motorola MC146818A data sheet, "Registers", "Update Cycle".
 */
#include <rtc_model.h>

#include <ashlar/dev/rtc.h>
#include <ashlar/io.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <string.h>
#include <time.h>

#include <seed.h>

enum {
    INDEX_PORT = 0x70,
    DATA_PORT = 0x71,
    INDEX_NMI_DISABLE = 0x80, /* the PC's, and not the chip's */

    SECONDS = 0x00,
    MINUTES = 0x02,
    HOURS = 0x04,
    DAY_OF_MONTH = 0x07,
    MONTH = 0x08,
    YEAR = 0x09,
    REGISTER_A = 0x0a,
    REGISTER_B = 0x0b,
    REGISTER_D = 0x0d,

    HOURS_PM = 0x80,
    A_UIP = 0x80,
    A_RATES = 0x26, /* a divider for 32,768 Hz, and 1,024 Hz */
    D_VRT = 0x80,

    SECOND_US = 1000000,
    UPDATE_US = 1984,  /* how long an update takes */
    UIP_LEAD_US = 244, /* and how long before it UIP is set */
};

struct rtc_model device;

static void pass(void)
{
    device.accesses++;
    device.microseconds += device.us_per_access;
    device.seconds += device.microseconds / SECOND_US + device.seconds_per_access;
    device.microseconds %= SECOND_US;
}

static uint8_t encode(unsigned int value)
{
    return (uint8_t)(device.format & RTC_B_DM ? value : value / 10 * 16 + value % 10);
}

static uint8_t encode_hour(unsigned int hour)
{
    if (device.format & RTC_B_24_HOUR)
        return encode(hour);
    unsigned int shown = hour == 0 ? 12 : hour > 12 ? hour - 12 : hour;
    return (uint8_t)(encode(shown) | (hour >= 12 ? HOURS_PM : 0));
}

static bool is_update_announced(void)
{
    if (device.announces_nothing || device.announces_always)
        return device.announces_always;
    return device.microseconds >= SECOND_US - UPDATE_US - UIP_LEAD_US;
}

static bool is_updating(void)
{
    return device.shows_garbage && device.microseconds >= SECOND_US - UPDATE_US;
}

static uint8_t time_register(uint8_t index)
{
    if (is_updating())
        return (uint8_t)seed_next();
    time_t now = (time_t)device.seconds;
    struct tm tm;
    gmtime_r(&now, &tm);
    unsigned int year = (unsigned int)tm.tm_year + 1900;
    switch (index) {
    case SECONDS:
        return encode((unsigned int)tm.tm_sec);
    case MINUTES:
        return encode((unsigned int)tm.tm_min);
    case HOURS:
        return encode_hour((unsigned int)tm.tm_hour);
    case DAY_OF_MONTH:
        return encode((unsigned int)tm.tm_mday);
    case MONTH:
        return encode((unsigned int)tm.tm_mon + 1);
    case YEAR:
        return encode(year % 100);
    default:
        assert_true(device.has_century);
        assert_int_equal(index, CENTURY);
        return device.century_kept ? device.century_kept : encode(year / 100);
    }
}

void io_out8(uint16_t port, uint8_t value)
{
    assert_int_equal(port, INDEX_PORT);
    pass();
    assert_false(device.is_index_open);
    device.is_index_open = true;
    device.masked_nmis += (value & INDEX_NMI_DISABLE) != 0;
    device.index = value & (uint8_t)~INDEX_NMI_DISABLE;
}

uint8_t io_in8(uint16_t port)
{
    assert_int_equal(port, DATA_PORT);
    pass();
    assert_true(device.is_index_open);
    device.is_index_open = false;
    if (!device.is_present)
        return 0xff;
    switch (device.index) {
    case REGISTER_A:
        return (uint8_t)(A_RATES | (is_update_announced() ? A_UIP : 0));
    case REGISTER_B:
        return device.format;
    case REGISTER_D: {
        bool has_lost_power = device.has_lost_power;
        device.has_lost_power = false;
        return has_lost_power ? 0 : D_VRT;
    }
    default:
        return time_register(device.index);
    }
}

int plug_in(void **state)
{
    (void)state;
    memset(&device, 0, sizeof(device));
    device.is_present = device.has_century = device.shows_garbage = true;
    device.format = RTC_B_24_HOUR;
    device.us_per_access = 1;
    device.seconds = 1709164800; /* 2024-02-29 */
    return 0;
}
