/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the hand-off to the swept memory map.
 *
 * Nothing can be allocated yet, but the loader has found us memory: what kernel64 leaves over of
 * the stub's reserve, some 3 MiB. The claims are written there, then the ranges that the sweep
 * makes of them, then the joined command line. Half of it carries about 20,000 map entries, so
 * there is no smaller limit anywhere. The rest is early memory (boot/early.h). All of it belongs to
 * the claim MEMMAP_BOOT_IMAGE.
 *
 * Reserving is claiming: the sweep's rule, the strictest kind wins, does the rest.
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

OPTION(mem, "SIZE", "leave memory above this address alone");
OPTION(reserve_low, "SIZE", "how much of the first 640 KiB is left to firmware, 4K to 640K; 64K without it");

static struct {
    struct handoff handoff;
    struct boot_info info;

    char appended[1024]; /* what fw_cfg adds to the command line */
    const char *command_line;

    struct memmap_entry *claims;
    size_t claim_count, firmware_count, claim_limit;
    struct memmap_range *ranges;
    size_t range_count;
} machine = { .command_line = "" };

const void *machine_read_early(phys_t address, size_t size_bytes)
{
    if (range_end(address.raw, size_bytes) > BOOT_DIRECT_MAP_SIZE)
        return NULL;
    return phys_to_pointer(address);
}

/* So many complaints about one loader's data tell what is wrong with it; a list of a million would only cost
   time. */
#define COMPLAINTS_MAX 32

static void complain(const char *sentence, uint64_t number)
{
    static unsigned int count;
    if (++count <= COMPLAINTS_MAX)
        log_warn("boot", "%s (%#lx)", sentence, number);
    if (count == COMPLAINTS_MAX)
        log_warn("boot", "further complaints about the loader's information are left out");
}

static void read_boot_info(void)
{
    phys_t address = phys(machine.handoff.boot_info);
    status_t status = STATUS_UNSUPPORTED;
    if (machine.handoff.protocol == HANDOFF_MULTIBOOT2) {
        const uint32_t *total_size = machine_read_early(address, 8);
        const void *data = total_size ? machine_read_early(address, *total_size) : NULL;
        status = data ? mb2_parse(data, *total_size, address, complain, &machine.info) : STATUS_TRUNCATED;
    } else if (machine.handoff.protocol == HANDOFF_PVH) {
        status = pvh_parse(address, machine_read_early, complain, &machine.info);
    }
    if (status != STATUS_OK)
        panic("boot: the loader's information at P%#lx cannot be used: %s.\n"
              "Without a memory map there is nothing to run in; try another loader.",
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
        log_warn("boot", "fw_cfg's " FW_CFG_COMMAND_LINE " was cut to %zu bytes", length);
    machine.appended[length] = '\0';
}

void machine_read_handoff(uint64_t handoff_address)
{
    const struct handoff *handoff = phys_to_pointer(phys(handoff_address));
    if (handoff->magic != HANDOFF_MAGIC || handoff->version != HANDOFF_VERSION ||
        handoff->size_bytes != sizeof(machine.handoff))
        panic("boot: the hand-off at P%#lx is not from this kernel's stub32 (magic %#lx, version %u, %u "
              "bytes).",
              handoff_address, handoff->magic, handoff->version, handoff->size_bytes);
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
        log_info("boot", "the firmware had left 5-level paging on; the stub went back to 4 levels");
}

static void add_claim(uint64_t start, uint64_t end, enum memmap_kind kind, uint32_t source_type)
{
    if (machine.claim_count == machine.claim_limit)
        panic("boot: the memory map has more than %lu entries; the room behind the kernel holds no more.",
              machine.claim_limit);
    machine.claims[machine.claim_count++] = (struct memmap_entry){ start, end, kind, source_type };
}

void machine_add_claim(uint64_t start, uint64_t end, enum memmap_kind kind)
{
    add_claim(start, end, kind, 0);
}

/* A framebuffer address in RAM or in the kernel is wrong, and its claim would remove that RAM from the map.
   device_map_screen() refuses it later with a line. */
static void claim_what_the_loader_left(void)
{
    struct memmap_entry claim;
    size_t before = machine.claim_count;
    for (size_t cursor = 0; boot_info_next_reservation(&machine.info, &cursor, &claim);)
        if (claim.kind != MEMMAP_FRAMEBUFFER ||
            !device_is_in_memory(machine.claims, before, claim.start, claim.end))
            add_claim(claim.start, claim.end, claim.kind, claim.source_type);
}

/* What is stored there reaches the CPU's own registers, whatever the map says. */
static void claim_lapic(void)
{
    uint64_t base = cpu_lapic_base();
    if (base != 0 && !(base < machine.handoff.kernel_end && machine.handoff.image_start < base + PAGE_SIZE))
        machine_add_claim(base, base + PAGE_SIZE, MEMMAP_DEVICE);
}

/* The parts are joined by a newline: a quote that the loader's part leaves open ends there. */
static size_t join_command_line(char *room)
{
    const char *from_loader =
        machine.info.command_line.data ? (const char *)machine.info.command_line.data : "";
    size_t length = strnlen(from_loader, machine.info.command_line.size_bytes);
    memcpy(room, from_loader, length);
    if (machine.appended[0]) {
        if (length > 0)
            room[length++] = '\n';
        size_t appended_length = strlen(machine.appended);
        memcpy(room + length, machine.appended, appended_length);
        length += appended_length;
    }
    room[length] = '\0';
    machine.command_line = room;
    options_set_line(room);
    return length + 1;
}

/* mem=SIZE: memory above that address is left alone, as if it were not there. */
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

/* No page-table entry holds an address beyond what the CPU has, and the direct map has no room beyond its own
   size. */
static uint64_t mappable_end(void)
{
    uint64_t cpu = cpu_address_end(cpu_boot_identity()), map = DIRECT_MAP_END - DIRECT_MAP_START;
    return cpu < map ? cpu : map;
}

/* Cuts usable memory to what is below @limit. Return: the bytes that are left out. */
static uint64_t cut_usable(struct memmap_entry *claim, uint64_t limit)
{
    uint64_t end = claim->end;
    if (claim->kind != MEMMAP_USABLE || end <= limit)
        return 0;
    claim->end = claim->start > limit ? claim->start : limit;
    return end - claim->end;
}

static void claim_firmware_map(void)
{
    uint64_t limit = memory_limit(), mappable = mappable_end(), left_out = 0, lowest = UINT64_MAX;
    struct memmap_entry claim;
    for (size_t cursor = 0; boot_info_next_claim(&machine.info, &cursor, &claim);) {
        uint64_t bytes = cut_usable(&claim, mappable);
        if (bytes > 0 && claim.end < lowest)
            lowest = claim.end;
        left_out = range_end(left_out, bytes);
        (void)cut_usable(&claim, limit);
        add_claim(claim.start, claim.end, claim.kind, claim.source_type);
    }
    if (left_out > 0)
        log_warn("memory", "%lu KiB of RAM from P%#lx on left out: address out of range, the end is P%#lx",
                 left_out / KIB(1), lowest, mappable);
    machine.firmware_count = machine.claim_count;
}

/* reserve_low=SIZE: how much of the first 640 KiB is firmware's. */
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

/* After all other claims: the trampoline's place is chosen among what they leave. */
static void claim_low_memory(void)
{
    uint16_t ebda_segment, base_kib;
    memcpy(&ebda_segment, machine_read_early(phys(LOW_MEMORY_EBDA_SEGMENT), 2), 2);
    memcpy(&base_kib, machine_read_early(phys(LOW_MEMORY_BASE_KIB), 2), 2);
    machine_add_claim(low_memory_bios_start(ebda_segment, base_kib), LOW_MEMORY_END, MEMMAP_RESERVED);
    uint64_t reserved = low_reserve();
    struct phys_range hole = low_memory_hole(machine.claims, machine.claim_count, reserved);
    if (phys_range_size(hole) == 0) {
        machine_add_claim(0, reserved, MEMMAP_RESERVED);
        return;
    }
    machine_add_claim(0, hole.start.raw, MEMMAP_RESERVED);
    machine_add_claim(hole.end.raw, reserved, MEMMAP_RESERVED);
    log_info("memory", "P%#lx to P%#lx of the first %lu KiB not reserved: CPUs are started there",
             hole.start.raw, hole.end.raw, reserved / KIB(1));
}

void machine_collect_claims(void)
{
    /* Page tables come after the map and need their part of this memory, too. */
    struct phys_range room = early_left();
    uint64_t room_size = phys_range_size(room);
    size_t command_line_size = machine.info.command_line.size_bytes + sizeof(machine.appended) + 2;
    size_t bytes_an_entry =
        sizeof(struct memmap_entry) + 2 * sizeof(struct memmap_range) + MEMMAP_SCRATCH_BYTES(1);
    if (command_line_size + PAGE_SIZE > room_size / 2)
        panic("boot: %lu bytes behind the kernel do not hold a command line of %lu bytes.", room_size / 2,
              command_line_size);
    machine.claims = phys_to_pointer(room.start);
    machine.claim_limit = (room_size / 2 - command_line_size - PAGE_SIZE) / bytes_an_entry;

    claim_firmware_map();
    /* Page 0 holds real mode's interrupt vectors and the BIOS data area, and a null pointer should
       meet no memory in use; video memory and ROMs are there whatever the map says. */
    machine_add_claim(0, PAGE_SIZE, MEMMAP_RESERVED);
    machine_add_claim(0xa0000, 0x100000, MEMMAP_RESERVED);
    machine_add_claim(machine.handoff.image_start, machine.handoff.image_end, MEMMAP_BOOT_IMAGE);
    machine_add_claim(machine.handoff.kernel_start, machine.handoff.kernel_end, MEMMAP_KERNEL);
    claim_lapic();
    claim_what_the_loader_left();
    claim_low_memory();
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

void machine_sweep_claims(void)
{
    size_t count = machine.claim_count;
    machine.ranges = (void *)align_up((uintptr_t)(machine.claims + count), 16);
    char *behind = (char *)(machine.ranges + MEMMAP_MAX_RANGES(count));
    char *scratch = (char *)align_up((uintptr_t)behind + join_command_line(behind), 16);
    memmap_sweep(machine.claims, count, scratch, machine.ranges, &machine.range_count);
    if (memmap_total(machine.ranges, machine.range_count, MEMMAP_USABLE) == 0)
        panic("boot: the loader's memory map lists no usable memory besides this kernel's own.");
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

const struct memmap_entry *machine_claims(size_t *count, size_t *firmware_count)
{
    *count = machine.claim_count;
    *firmware_count = machine.firmware_count;
    return machine.claims;
}

const struct memmap_range *machine_map(size_t *count)
{
    *count = machine.range_count;
    return machine.ranges;
}
