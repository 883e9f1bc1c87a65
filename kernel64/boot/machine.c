/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the hand-off to the swept memory map.
 *
 * There is no allocator yet; the memory used is the rest of the stub's reserve after kernel64, about 3 MiB.
 * The entries are stored there, then the ranges of the memory map, then the joined command line. Half of the
 * reserve holds about 20,000 map entries; there is no smaller limit. The rest is early memory (boot/early.h).
 * All of it is reserved as MEMMAP_BOOT_IMAGE.
 *
 * A reservation is one more entry: in the sweep the strictest kind wins.
 */
#include <boot/machine.h>

#include <ashlar/bits.h>
#include <ashlar/dev/fw_cfg.h>
#include <boot/device_window.h>
#include <boot/early.h>
#include <boot/low_memory.h>
#include <boot/mb2_parse.h>
#include <boot/options.h>
#include <boot/pvh_parse.h>
#include <cpu/features.h>
#include <cpu/lapic_base.h>
#include <cpu/physical.h>
#include <lib/parse.h>
#include <lib/string.h>
#include <log/log.h>
#include <panic/panic.h>

OPTION(mem, "SIZE", "do not use memory above this address");
OPTION(reserve_low, "SIZE", "size of low memory reserved for firmware, 4K to 640K; default 64K");

static struct {
    struct handoff handoff;
    struct boot_info info;

    char appended[1024]; /* to the command line, from fw_cfg */
    const char *command_line;

    struct memmap_entry *entries;
    size_t entry_count, firmware_count, entry_limit;
    struct memmap_range *ranges;
    size_t range_count;
} machine = { .command_line = "" };

const void *machine_read_early(phys_t address, size_t size_bytes)
{
    if (range_end(address.raw, size_bytes) > BOOT_DIRECT_MAP_SIZE)
        return NULL;
    return phys_to_pointer(address);
}

/* Faults of the loader's data that are logged; more do not help a diagnosis. */
#define FAULTS_LOGGED_MAX 32

static void report_fault(const char *sentence, uint64_t number)
{
    static unsigned int count;
    if (++count <= FAULTS_LOGGED_MAX)
        log_warn("boot", "%s (%#lx)", sentence, number);
    if (count == FAULTS_LOGGED_MAX)
        log_warn("boot", "further faults of the loader's data are not logged");
}

static void read_boot_info(void)
{
    phys_t address = phys(machine.handoff.boot_info);
    status_t status = STATUS_UNSUPPORTED;
    if (machine.handoff.protocol == HANDOFF_MULTIBOOT2) {
        const uint32_t *total_size = machine_read_early(address, 8);
        const void *data = total_size ? machine_read_early(address, *total_size) : NULL;
        status = data ? mb2_parse(data, *total_size, address, report_fault, &machine.info) : STATUS_TRUNCATED;
    } else if (machine.handoff.protocol == HANDOFF_PVH) {
        status = pvh_parse(address, machine_read_early, report_fault, &machine.info);
    }
    if (status != STATUS_OK)
        panic("boot: invalid boot information at P%#lx: %s.\n"
              "There is no memory map; try another loader.",
              address.raw, status_sentence(status));
}

static void read_appended_command_line(void)
{
    size_t length = 0;
    if (!cpu_has(CPU_FEATURE_HYPERVISOR))
        return;
    status_t status =
        fw_cfg_read_file(FW_CFG_COMMAND_LINE, machine.appended, sizeof(machine.appended) - 1, &length);
    if (status == STATUS_TOO_BIG)
        log_warn("boot", "fw_cfg's " FW_CFG_COMMAND_LINE " truncated to %zu bytes", length);
    machine.appended[length] = '\0';
}

void machine_read_handoff(phys_t address)
{
    const struct handoff *handoff = phys_to_pointer(address);
    if (handoff->magic != HANDOFF_MAGIC || handoff->version != HANDOFF_VERSION ||
        handoff->size_bytes != sizeof(machine.handoff))
        panic("boot: the hand-off at P%#lx is not of this kernel's stub32 (magic %#lx, version %u, %u "
              "bytes).",
              address.raw, handoff->magic, handoff->version, handoff->size_bytes);
    machine.handoff = *handoff;
    early_init(phys(machine.handoff.kernel_end), phys(machine.handoff.kernel_start + KERNEL_RESERVE_SIZE));
    read_boot_info();
    read_appended_command_line();
    options_set_parts((const char *)machine.info.command_line.data, machine.appended);
}

void machine_log_origin(void)
{
    const char *loader = (const char *)machine.info.loader_name.data;
    log_info("boot", "Ashlar %s, loaded by %s%s%s", ASHLAR_VERSION, machine.info.protocol,
             loader ? " from " : "", loader ? loader : "");
    if (machine.handoff.flags & HANDOFF_LA57)
        log_info("boot", "5-level paging was on; the stub switched to 4 levels");
}

static void add_entry(struct phys_range range, enum memmap_kind kind, uint32_t source_type)
{
    if (machine.entry_count == machine.entry_limit)
        panic("boot: the memory map has more than %lu entries; the memory reserved for it is full.",
              machine.entry_limit);
    machine.entries[machine.entry_count++] =
        (struct memmap_entry){ range.start.raw, range.end.raw, kind, source_type };
}

void machine_reserve(struct phys_range range, enum memmap_kind kind)
{
    add_entry(range, kind, 0);
}

/* A framebuffer address in RAM or in the kernel is wrong, and its reservation would remove that RAM from the
   map. device_map_screen() refuses and logs it later. */
static void reserve_loader_data(void)
{
    struct memmap_entry entry;
    size_t before = machine.entry_count;
    for (size_t cursor = 0; boot_info_next_reservation(&machine.info, &cursor, &entry);)
        if (entry.kind != MEMMAP_FRAMEBUFFER ||
            !device_is_in_memory(machine.entries, before, memmap_entry_range(&entry)))
            add_entry(memmap_entry_range(&entry), entry.kind, entry.source_type);
}

/* Accesses there reach the local APIC, whatever the map lists. */
static void reserve_lapic(void)
{
    phys_t base = cpu_lapic_base();
    struct phys_range registers = phys_range_at(base, PAGE_SIZE);
    if (phys_is_valid(base) && !phys_ranges_overlap(registers, phys_range_of(machine.handoff.image_start,
                                                                             machine.handoff.kernel_end)))
        machine_reserve(registers, MEMMAP_DEVICE);
}

/* The parts are joined by a newline, which ends an unclosed quote of the loader's part. */
static size_t join_command_line(char *joined)
{
    const char *from_loader =
        machine.info.command_line.data ? (const char *)machine.info.command_line.data : "";
    size_t length = strnlen(from_loader, machine.info.command_line.size_bytes);
    memcpy(joined, from_loader, length);
    if (machine.appended[0]) {
        if (length > 0)
            joined[length++] = '\n';
        size_t appended_length = strlen(machine.appended);
        memcpy(joined + length, machine.appended, appended_length);
        length += appended_length;
    }
    joined[length] = '\0';
    machine.command_line = joined;
    options_set_line(joined);
    return length + 1;
}

/* mem=SIZE: memory above that address is not used. */
static uint64_t memory_limit(void)
{
    char value[32];
    uint64_t limit;
    status_t status = option_read(&option_mem, value, sizeof(value));
    if (status == STATUS_NOT_FOUND)
        return UINT64_MAX;
    if (status == STATUS_OK && parse_size(value, &limit) == STATUS_OK && limit >= MIB(4))
        return limit;
    log_warn("boot", "mem=%s: expected a size of at least 4M, such as 64M or 2G", value);
    return UINT64_MAX;
}

phys_t machine_address_end(void)
{
    return phys_min(cpu_address_end(cpu_boot_identity()), phys(DIRECT_MAP_END - DIRECT_MAP_START));
}

/* Truncates a usable entry at @limit. Return: the bytes cut off. */
static uint64_t cut_usable(struct memmap_entry *entry, uint64_t limit)
{
    uint64_t end = entry->end;
    if (entry->kind != MEMMAP_USABLE || end <= limit)
        return 0;
    entry->end = entry->start > limit ? entry->start : limit;
    return end - entry->end;
}

static void add_firmware_map(void)
{
    uint64_t limit = memory_limit(), mappable = machine_address_end().raw, left_out = 0, lowest = UINT64_MAX;
    struct memmap_entry entry;
    for (size_t cursor = 0; boot_info_next_map_entry(&machine.info, &cursor, &entry);) {
        uint64_t bytes = cut_usable(&entry, mappable);
        if (bytes > 0 && entry.end < lowest)
            lowest = entry.end;
        left_out = range_end(left_out, bytes);
        (void)cut_usable(&entry, limit);
        add_entry(memmap_entry_range(&entry), entry.kind, entry.source_type);
    }
    if (left_out > 0)
        log_warn("memory", "%lu KiB of RAM from P%#lx not used: beyond P%#lx, the end of the address range",
                 left_out / KIB(1), lowest, mappable);
    machine.firmware_count = machine.entry_count;
}

/* reserve_low=SIZE: the part of the first 640 KiB that is reserved for firmware. */
static uint64_t low_reserve(void)
{
    char value[32];
    uint64_t bytes;
    status_t status = option_read(&option_reserve_low, value, sizeof(value));
    if (status == STATUS_NOT_FOUND)
        return LOW_MEMORY_RESERVED;
    if (status == STATUS_OK && parse_size(value, &bytes) == STATUS_OK && bytes >= LOW_MEMORY_RESERVED_MIN &&
        bytes <= LOW_MEMORY_RESERVED_MAX)
        return align_up(bytes, PAGE_SIZE);
    log_warn("boot", "reserve_low=%s: expected a size of 4K to 640K", value);
    return LOW_MEMORY_RESERVED;
}

/* After all other entries: the trampoline's address is chosen in what they leave usable. */
static void reserve_low_memory(void)
{
    uint16_t ebda_segment, base_kib;
    memcpy(&ebda_segment, machine_read_early(phys(LOW_MEMORY_EBDA_SEGMENT), 2), 2);
    memcpy(&base_kib, machine_read_early(phys(LOW_MEMORY_BASE_KIB), 2), 2);
    struct phys_range bios = { low_memory_bios_start(ebda_segment, base_kib), phys(LOW_MEMORY_END) };
    machine_reserve(bios, MEMMAP_RESERVED);
    uint64_t reserved = low_reserve();
    struct phys_range hole = low_memory_hole(machine.entries, machine.entry_count, reserved);
    if (phys_range_size(hole) == 0) {
        machine_reserve(phys_range_of(0, reserved), MEMMAP_RESERVED);
        return;
    }
    machine_reserve((struct phys_range){ phys(0), hole.start }, MEMMAP_RESERVED);
    machine_reserve((struct phys_range){ hole.end, phys(reserved) }, MEMMAP_RESERVED);
    log_info("memory", "P%#lx to P%#lx of the first %lu KiB not reserved: needed to start CPUs",
             hole.start.raw, hole.end.raw, reserved / KIB(1));
}

void machine_read_memory_map(void)
{
    /* Page tables are allocated after the map and need a part of this memory. */
    struct phys_range left = early_left();
    uint64_t left_size = phys_range_size(left);
    size_t command_line_size = machine.info.command_line.size_bytes + sizeof(machine.appended) + 2;
    size_t bytes_an_entry =
        sizeof(struct memmap_entry) + 2 * sizeof(struct memmap_range) + MEMMAP_SCRATCH_BYTES(1);
    if (command_line_size + PAGE_SIZE > left_size / 2)
        panic("boot: command line of %lu bytes too long for the %lu bytes reserved for it.",
              command_line_size, left_size / 2);
    machine.entries = phys_to_pointer(left.start);
    machine.entry_limit = (left_size / 2 - command_line_size - PAGE_SIZE) / bytes_an_entry;

    add_firmware_map();
    /* Page 0 holds real mode's interrupt vectors and the BIOS data area, and a null pointer should not reach
       memory in use; video memory and ROMs exist whatever the map lists. */
    machine_reserve(phys_range_of(0, PAGE_SIZE), MEMMAP_RESERVED);
    machine_reserve(phys_range_of(0xa0000, 0x100000), MEMMAP_RESERVED);
    machine_reserve(phys_range_of(machine.handoff.image_start, machine.handoff.image_end), MEMMAP_BOOT_IMAGE);
    machine_reserve(phys_range_of(machine.handoff.kernel_start, machine.handoff.kernel_end), MEMMAP_KERNEL);
    reserve_lapic();
    reserve_loader_data();
    reserve_low_memory();
}

static void log_memory(void)
{
    uint64_t highest = 0;
    for (size_t i = 0; i < machine.range_count; i++)
        if (machine.ranges[i].kind == MEMMAP_USABLE)
            highest = machine.ranges[i].end.raw;
    log_info("memory", "%lu KiB usable, the highest below P%#lx; %lu map entries, %lu after the sweep",
             memmap_total(machine.ranges, machine.range_count, MEMMAP_USABLE) / KIB(1), highest,
             machine.firmware_count, machine.range_count);
}

void machine_build_memory_map(void)
{
    size_t count = machine.entry_count;
    machine.ranges = (void *)align_up((uintptr_t)(machine.entries + count), 16);
    char *behind = (char *)(machine.ranges + MEMMAP_MAX_RANGES(count));
    char *scratch = (char *)align_up((uintptr_t)behind + join_command_line(behind), 16);
    CHECK(!phys_is_below(early_left().end, phys_add(pointer_to_phys(scratch), MEMMAP_SCRATCH_BYTES(count))),
          "boot: entries, ranges and what the sweep needs lie in the reserve");
    memmap_sweep(machine.entries, count, scratch, machine.ranges, &machine.range_count);
    if (memmap_total(machine.ranges, machine.range_count, MEMMAP_USABLE) == 0)
        panic("boot: the loader's memory map lists no usable memory except the kernel's.");
    early_reserve_below(phys(align_up(pointer_to_phys(scratch).raw, PAGE_SIZE)));
    early_add_map(machine.ranges, machine.range_count, phys(BOOT_DIRECT_MAP_SIZE));
    log_memory();
}

const struct handoff *machine_handoff(void)
{
    return &machine.handoff;
}

const struct boot_info *machine_boot_info(void)
{
    return &machine.info;
}

const char *machine_command_line(void)
{
    return machine.command_line;
}

const struct memmap_entry *machine_map_entries(size_t *count, size_t *firmware_count)
{
    *count = machine.entry_count;
    *firmware_count = machine.firmware_count;
    return machine.entries;
}

const struct memmap_range *machine_map(size_t *count)
{
    *count = machine.range_count;
    return machine.ranges;
}
