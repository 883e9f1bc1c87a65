/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The monitor's `vmap`: ranges of kernel address space in use.
 */
#include <ashlar/command.h>
#include <ashlar/mm/vrange.h>
#include <log/print.h>

static const char *type_words(unsigned int access)
{
    return access & PAGE_UNCACHED          ? "uncached"
           : access & PAGE_WRITE_COMBINING ? "write-combining"
                                           : "write-back";
}

static status_t command_vmap(int argc, char **argv)
{
    struct vrange_info info;
    uint64_t bytes[VRANGE_KINDS] = { 0 };
    unsigned int count = 0;
    (void)argc;
    (void)argv;
    for (uint64_t cursor = 0; vrange_next(&cursor, &info); count++) {
        uint64_t size = info.end.raw - info.start.raw;
        bytes[info.kind] += size;
        print("%016lx %10lu KiB  %-7s %-16s %s", info.start.raw, size >> 10, vrange_kind_words(info.kind),
              info.name, info.access & PAGE_WRITE ? "read, write" : "read");
        if (info.kind == VRANGE_DEVICE)
            print(", %s, P%#lx", type_words(info.access), info.device.raw);
        print("\n");
    }
    print("%u ranges: %lu KiB of devices, %lu KiB of memory, %lu KiB of stacks, with a page before each that "
          "is not mapped\n",
          count, bytes[VRANGE_DEVICE] >> 10, bytes[VRANGE_MEMORY] >> 10, bytes[VRANGE_STACK] >> 10);
    return STATUS_OK;
}
COMMAND_LIST(vmap, command_vmap, .group = GROUP_MEMORY, .arguments = "",
             .help = "ranges of kernel address space: devices, stacks, memory", .example = "vmap",
             .see_also = "walk audit pages", .words = NULL);
