/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Register access to the real-time clock. rtc_time.c decodes what was read.
 *
 * Once a second the chip updates its registers, for up to 2 ms in which they read as undefined values. UIP is
 * set 244 us in advance, time enough to read all of them, unless an SMI or a hypervisor comes between. So the
 * registers are read until two consecutive readings are equal, each begun with UIP clear. That is correct
 * also where UIP does not work.
 *
 * Bit 7 of the index port masks NMIs when set. It cannot be read back, and is written as 0, because the
 * kernel runs with NMIs enabled. Each write of an index is followed by an access to the data port, or some
 * chips are left in an undefined state, and the index is left at register D, which is read only: the IBM AT's
 * manual requires both.
 */
#include <ashlar/dev/rtc.h>

#include <ashlar/io.h>

#define PORT_INDEX 0x70 /* and bit 7: no NMI */
#define PORT_DATA  0x71

#define REGISTER_A     0x0a
#define REGISTER_B     0x0b
#define REGISTER_D     0x0d
#define REGISTER_A_UIP 0x80
#define REGISTER_D_VRT 0x80 /* time and RAM have had power since it was last read */

/* What ports without a device read as. Register D cannot: its lower bits are 0, or a day. */
#define ALL_ONES 0xff

/* A century is not kept in the clock's own registers or in the second bank. */
#define FIRST_RAM_REGISTER 0x0e
#define LAST_RAM_REGISTER  0x7f

/* 2.2 ms at 2 us a read on a PC; a few times more in an emulator that counts instructions. */
#define UPDATE_READS 100000u

/* Two are enough, and a third when an update falls between them. */
#define MAX_READINGS 10

static uint8_t read_register(uint8_t index)
{
    io_out8(PORT_INDEX, index);
    return io_in8(PORT_DATA);
}

/* Return: whether UIP was clear in time. */
static bool wait_for_update(void)
{
    for (unsigned int reads = 0; reads < UPDATE_READS; reads++)
        if (!(read_register(REGISTER_A) & REGISTER_A_UIP))
            return true;
    return false;
}

/* Return: whether @raw had the same values before. */
static bool read_fields(uint8_t century_register, uint8_t raw[RTC_FIELDS])
{
    const uint8_t registers[RTC_FIELDS] = {
        [RTC_SECOND] = 0x00, [RTC_MINUTE] = 0x02, [RTC_HOUR] = 0x04,         [RTC_DAY] = 0x07,
        [RTC_MONTH] = 0x08,  [RTC_YEAR] = 0x09,   [RTC_FORMAT] = REGISTER_B, [RTC_CENTURY] = century_register,
    };
    bool is_same = true;
    for (unsigned int i = 0; i < RTC_FIELDS; i++) {
        uint8_t value = read_register(registers[i]);
        is_same = is_same && value == raw[i];
        raw[i] = value;
    }
    return is_same;
}

static status_t read_twice(uint8_t century_register, uint8_t raw[RTC_FIELDS])
{
    for (unsigned int readings = 0; readings < MAX_READINGS; readings++) {
        if (!wait_for_update())
            return STATUS_TIMEOUT;
        if (read_fields(century_register, raw) && readings > 0)
            return STATUS_OK;
    }
    return STATUS_TIMEOUT;
}

bool rtc_has_lost_power(void)
{
    return !(read_register(REGISTER_D) & REGISTER_D_VRT);
}

status_t rtc_read(uint8_t century_register, struct rtc_time *out)
{
    if (read_register(REGISTER_D) == ALL_ONES)
        return STATUS_NOT_FOUND;

    bool has_century = century_register >= FIRST_RAM_REGISTER && century_register <= LAST_RAM_REGISTER;
    uint8_t raw[RTC_FIELDS] = { 0 };
    status_t status = read_twice(has_century ? century_register : REGISTER_D, raw);
    read_register(REGISTER_D);
    return status == STATUS_OK ? rtc_decode(raw, has_century, out) : status;
}
