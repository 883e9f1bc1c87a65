/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pvpanic's port: a read returns the events that the device recognises, a write is an event. The device
 * processes one event a write, the lowest bit, so only one bit is ever written.
 */
#include <ashlar/dev/pvpanic.h>
#include <ashlar/io.h>

#define NO_DEVICE 0xff /* a read that no device answers */

status_t pvpanic_init(struct pvpanic *pvpanic, uint16_t port)
{
    uint8_t events = io_in8(port);
    if (events == NO_DEVICE || !(events & PVPANIC_PANICKED))
        return STATUS_NOT_FOUND;
    *pvpanic = (struct pvpanic){ .port = port, .events = events };
    return STATUS_OK;
}

void pvpanic_report_panic(const struct pvpanic *pvpanic)
{
    io_out8(pvpanic->port, PVPANIC_PANICKED);
}
