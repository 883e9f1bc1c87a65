/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One row for each subject, of at most 79 columns, however long firmware's strings are: a row is formatted
 * into a buffer, and a longer one ends in "...". A subject without data has no row.
 */
#include <monitor/summary.h>

#include <ashlar/command.h>
#include <ashlar/dev/rtc.h>
#include <ashlar/fmt/smbios.h>
#include <ashlar/mm/buddy.h>
#include <ashlar/time_units.h>
#include <boot/machine.h>
#include <boot/stages.h>
#include <console/screens.h>
#include <cpu/hypervisor_name.h>
#include <cpu/insn.h>
#include <cpu/topology.h>
#include <lib/format.h>
#include <lib/size_text.h>
#include <lib/string.h>
#include <log/log.h>
#include <log/print.h>
#include <smbios/decode.h>
#include <smbios/init.h>
#include <smp/ipi.h>
#include <smp/start.h>
#include <time/clock.h>
#include <time/wall_clock.h>

#define NAME_COLUMNS 12
#define ROW_COLUMNS  79 /* the last column stays empty: terminals differ in what a full row does */

static void PRINTF_LIKE(3, 4) row_styled(enum text_style style, const char *name, const char *format, ...)
{
    char text[ROW_COLUMNS - NAME_COLUMNS - 2 + 1];
    va_list arguments;
    va_start(arguments, format);
    size_t length = format_buffer_v(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (length >= sizeof(text))
        memcpy(text + sizeof(text) - 4, "...", 4);
    print_styled(style, "  %-*s%s\n", NAME_COLUMNS, name, text);
}

#define row(...) row_styled(STYLE_PLAIN, __VA_ARGS__)

/* A blank between two texts, if there are two. */
static const char *blank(const char *first, const char *second)
{
    return first[0] && second[0] ? " " : "";
}

/* ---- the subjects ---- */

static void print_machine(void)
{
    struct smbios_structure structure;
    struct smbios_system system;
    struct smbios_board board;
    if (!smbios_first(SMBIOS_TYPE_SYSTEM, &structure))
        return;
    smbios_read_system(smbios_here(), &structure, &system);
    if (system.manufacturer[0] || system.product[0])
        row("Machine", "%s%s%s", system.manufacturer, blank(system.manufacturer, system.product),
            system.product);
    if (!smbios_first(SMBIOS_TYPE_BOARD, &structure))
        return;
    smbios_read_board(&structure, &board);
    if (board.product[0] && strcmp(board.product, system.product) != 0)
        row("Board", "%s%s%s", board.manufacturer, blank(board.manufacturer, board.product), board.product);
}

static void print_firmware(void)
{
    static const struct {
        const char *kind, *words;
    } names[] = { { "uefi", "UEFI" }, { "bios", "BIOS" }, { "unknown", "not known" } };
    const char *words = "";
    struct smbios_structure structure;
    struct smbios_bios bios = { .vendor = "" };
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (strcmp(names[i].kind, smbios_firmware_kind()) == 0)
            words = names[i].words;
    if (smbios_first(SMBIOS_TYPE_BIOS, &structure))
        smbios_read_bios(&structure, &bios);
    row("Firmware", "%s%s%s%s%s%s%s", words, bios.vendor[0] ? ", " : "", bios.vendor,
        blank(bios.vendor, bios.version), bios.version, bios.date[0] ? ", " : "", bios.date);
}

/* Number of packages, or cores, of the online CPUs. @mask: of the APIC ID's bits that tell two apart.
   Quadratic in the CPUs: at most half a million comparisons. */
static unsigned int count_parts(uint32_t mask)
{
    unsigned int count = 0;
    for (unsigned int i = 0; i < smp_cpu_count(); i++) {
        struct smp_cpu cpu, earlier;
        unsigned int j = 0;
        smp_cpu(i, &cpu);
        if (cpu.is_offline || cpu.stage != AP_STAGE_ONLINE)
            continue;
        for (; j < i; j++) {
            smp_cpu(j, &earlier);
            if (!earlier.is_offline && earlier.stage == AP_STAGE_ONLINE &&
                (earlier.initial_id & mask) == (cpu.initial_id & mask))
                break;
        }
        count += j == i;
    }
    return count;
}

static void print_cpus(void)
{
    const struct cpu_identity *cpu = cpu_boot_identity();
    struct topology bits = topology_read(cpu_cpuid, cpu);
    unsigned int package_bits = bits.thread_bits + bits.core_bits + bits.die_bits;
    unsigned int packages = package_bits < 32 ? count_parts(UINT32_MAX << package_bits) : 1;
    unsigned int cores = count_parts(UINT32_MAX << bits.thread_bits);
    unsigned int online = ipi_online_count();
    row("Processor", "%s", cpu->brand[0] ? cpu->brand : cpu->vendor);
    row("CPUs", "%u online: %u package%s, %u core%s", online, packages, packages == 1 ? "" : "s", cores,
        cores == 1 ? "" : "s");
    const char *hypervisor = hypervisor_name(cpu->hypervisor);
    if (cpu_has(CPU_FEATURE_HYPERVISOR) && cpu->hypervisor[0])
        row("Hypervisor", "%s%s", hypervisor ? hypervisor : "unknown, signature ",
            hypervisor ? "" : cpu->hypervisor);
}

static void print_memory(void)
{
    char installed[SIZE_TEXT_MAX], usable[SIZE_TEXT_MAX], unused[SIZE_TEXT_MAX];
    size_t count;
    const struct memmap_range *ranges = machine_map(&count);
    uint64_t modules = smbios_here() ? smbios_memory_bytes(smbios_here()) : 0;
    row("Memory", "%s%s%s usable, %s free", modules ? size_text(modules, installed) : "",
        modules ? " installed, " : "", size_text(memmap_total(ranges, count, MEMMAP_USABLE), usable),
        size_text(buddy_free_frames() * PAGE_SIZE, unused));
}

static void print_screen(void)
{
    struct screen screen;
    if (!screens_here(&screen))
        row("Screen", "none in use");
    else if (screen.is_framebuffer)
        row("Screen", "%ux%u pixels of %u bits: %u columns, %u rows", screen.width, screen.height,
            screen.bits_per_pixel, screen.columns, screen.rows);
    else
        row("Screen", "text, %u columns, %u rows", screen.columns, screen.rows);
}

static void print_clock(void)
{
    uint64_t seconds;
    struct rtc_time date;
    if (wall_clock_unix_seconds(&seconds) != STATUS_OK) {
        row("Clock", "no date; time from %s", clock_name());
        return;
    }
    rtc_from_unix(seconds, &date);
    row("Clock", "%04u-%02u-%02u %02u:%02u:%02u UTC%s; time from %s", date.year, date.month, date.day,
        date.hour, date.minute, date.second, wall_clock_doubt() ? " (doubtful)" : "", clock_name());
}

static void print_boot(void)
{
    const struct boot_info *info = machine_boot_info();
    size_t count;
    const struct boot_stage *stages = boot_stages(&count);
    uint64_t ns = count > 0 ? log_nanoseconds(stages[count - 1].ticks) - log_nanoseconds(stages[0].ticks) : 0;
    const char *loader = info->loader_name.data ? (const char *)info->loader_name.data : info->protocol;
    row("Started by", "%s; ready after %lu.%03lu s", loader, ns / NS_PER_SECOND, ns / NS_PER_MS % 1000);
}

static void print_warnings(void)
{
    uint64_t errors = log_count(LOG_ERROR), warnings = log_count(LOG_WARN);
    if (errors + warnings == 0)
        row("Warnings", "none");
    else
        row_styled(errors ? STYLE_ERROR : STYLE_WARNING, "Warnings",
                   "%lu, errors: %lu; 'log warn' shows them", warnings, errors);
}

void summary_print(void)
{
    /* Looked up before the first row, because its faults are logged, and warnings are counted below. */
    (void)smbios_here();
    print("\n");
    print_styled(STYLE_HEADLINE, "  Ashlar %s\n\n", ASHLAR_VERSION);
    print_machine();
    print_firmware();
    print_cpus();
    print_memory();
    print_screen();
    print_clock();
    print_boot();
    print_warnings();
    print("\n");
    row("help", "lists the commands; 'help COMMAND' explains one");
    row("summary", "shows this page again");
    row("test", "tests the kernel on this machine");
    print("\n");
}

static status_t command_summary(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    summary_print();
    return STATUS_OK;
}
COMMAND(summary, command_summary, .group = GROUP_MACHINE, .arguments = "", .help = "this machine on one page",
        .example = "summary", .see_also = "report firmware cpu");
