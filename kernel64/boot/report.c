/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The command `boot`, and `boot` in the report.
 */
#include <ashlar/command.h>
#include <ashlar/report.h>
#include <ashlar/time_units.h>
#include <boot/machine.h>
#include <log/log.h>
#include <log/print.h>
#include <boot/stages.h>

static const char *view_text(struct bytes view)
{
    return view.data ? (const char *)view.data : "";
}

/* Microseconds from the stub's first instruction to stage @i. */
static uint64_t stage_us(const struct boot_stage *list, size_t i)
{
    return (log_nanoseconds(list[i].ticks) - log_nanoseconds(list[0].ticks)) / NS_PER_US;
}

static status_t command_boot(int argc, char **argv)
{
    const struct boot_info *info = machine_boot_info();
    size_t count;
    const struct boot_stage *list = boot_stages(&count);

    (void)argc;
    (void)argv;
    print("protocol      %s\n", info->protocol);
    print("loader        %s\n", info->loader_name.data ? view_text(info->loader_name) : "(unnamed)");
    print("command line  %s\n", machine_command_line());
    print("\n%-12s %12s %12s\n", "stage", "us", "since last");
    for (size_t i = 0; i < count; i++)
        print("%-12s %12lu %12lu\n", list[i].name, stage_us(list, i),
              i > 0 ? stage_us(list, i) - stage_us(list, i - 1) : 0);
    return STATUS_OK;
}
COMMAND_LIST(boot, command_boot, .group = GROUP_MACHINE, .arguments = "",
             .help = "boot protocol, loader, command line, and the time of each boot stage",
             .example = "boot", .see_also = "options modules log", .words = NULL);

static void report_boot(struct json *json)
{
    const struct boot_info *info = machine_boot_info();
    size_t count;
    const struct boot_stage *list = boot_stages(&count);

    json_string(json, "protocol", info->protocol);
    json_text(json, "loader", view_text(info->loader_name), info->loader_name.size_bytes);
    json_string(json, "command_line", machine_command_line());
    json_open_list(json, "stages");
    for (size_t i = 0; i < count; i++) {
        json_open_object(json, NULL);
        json_string(json, "name", list[i].name);
        json_number(json, "ticks", list[i].ticks);
        json_number(json, "us", stage_us(list, i));
        json_close(json);
    }
    json_close(json);
    json_number(json, "ready_us", count > 0 ? stage_us(list, count - 1) : 0);
}
REPORT(boot, report_boot);
