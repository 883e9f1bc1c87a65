/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A report has many lines; the consoles' lock is held for all of them. Another CPU waits for it as long as
 * the holder makes progress (output.c), also on a serial port of 9600 baud.
 */
#include <log/report_head.h>

#include <ashlar/time_units.h>
#include <log/log.h>
#include <log/print.h>
#include <lib/machine_ops.h>

bool report_head_begin(struct output_held *held)
{
    if (!output_hold(held))
        return false;
    uint64_t ns = log_nanoseconds(machine_ops.ticks());
    print("\n----[ Ashlar %s, cpu %u, up %lu.%06lu s ]----\n", ASHLAR_VERSION, machine_ops.cpu(),
          ns / NS_PER_SECOND, ns / NS_PER_US % US_PER_SECOND);
    return true;
}

void report_head_end(struct output_held held)
{
    output_release(held);
}
