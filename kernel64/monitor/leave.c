/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a program that reads the log is told before the machine restarts or is powered off.
 */
#include <monitor/leave.h>

#include <ashlar/json.h>
#include <log/print.h>
#include <power/exit.h>
#include <power/verdict.h>

NORETURN void monitor_reboot(void)
{
    struct json json = { .put = print_sink };
    print_set_observer(NULL, 0);
    json_begin(&json, "reboot");
    json_end(&json);
    power_reboot();
}

NORETURN void monitor_exit(void)
{
    verdict_print(verdict_so_far());
    power_exit(verdict_so_far());
}
