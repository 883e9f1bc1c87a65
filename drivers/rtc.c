/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading the battery clock. What was read is understood in rtc_time.c.
 *
 * Once a second the chip carries the time on, which takes up to 2 ms in which its registers may read as
 * anything. A bit announces that 244 us in advance, time enough to read them all, unless something slower
 * comes between: an SMI, or a hypervisor. So the registers are read until two readings agree, each begun when
 * no update was announced. That is right also where the bit does not work.
 *
 * Bit 7 of the index port is not the clock's: set, it keeps NMIs from the processor. It cannot be read back,
 * and is written as 0, which is how the kernel runs. Each write of an index is followed by an access to the
 * data port, or some chips are left in an undefined state, and the index is left at a register that nothing
 * is written to by mistake: both are what the IBM AT's manual asks for.
 */
#include <ashlar/dev/rtc.h>

#include <ashlar/io.h>

#define PORT_INDEX 0x70 /* and bit 7: no NMI */
#define PORT_DATA  0x71

#define REGISTER_A     0x0a
#define REGISTER_B     0x0b
#define REGISTER_D     0x0d
#define REGISTER_A_UIP 0x80
#define REGISTER_D_VRT 0x80 /* VRT: time and memory have been powered since it was last read */

/* What ports without a device read as. Register D cannot: its lower bits are 0, or a day. */
#define ALL_ONES 0xff

/* The clock's own registers and those of the second bank are not where a century is kept. */
#define FIRST_RAM_REGISTER 0x0e
#define LAST_RAM_REGISTER  0x7f

/* 2.2 ms of 2 us each on a PC; a few times more of them in an emulator that counts instructions. */
#define UPDATE_READS 100000u

/* Two are enough, and a third when an update falls between them. */
#define MAX_READINGS 10

static uint8_t read_register(uint8_t index)
{
    io_out8(PORT_INDEX, index);
    return io_in8(PORT_DATA);
}

/* Return: whether no update is announced any more. */
static bool wait_for_update(void)
{
    for (unsigned int reads = 0; reads < UPDATE_READS; reads++)
        if (!(read_register(REGISTER_A) & REGISTER_A_UIP))
            return true;
    return false;
}

/* Return: whether @raw was the same already. */
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
