/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The monitor's `memtest`: tests memory, and says what is left out, how far it is, and what was wrong
 * (docs/memtest.md). The test itself is memtest/run.h.
 */
#include <ashlar/command.h>

#include <ashlar/bits.h>
#include <ashlar/json.h>
#include <ashlar/time_units.h>
#include <command/run.h>
#include <cpu/insn.h>
#include <lib/format.h>
#include <lib/parse.h>
#include <lib/size_text.h>
#include <lib/string.h>
#include <log/arguments.h>
#include <log/log.h>
#include <log/print.h>
#include <memtest/memory.h>
#include <memtest/run.h>
#include <monitor/commands/pages.h>
#include <monitor/keys.h>
#include <monitor/pager.h>
#include <smbios/init.h>
#include <smbios/locate.h>
#include <time/clock.h>

#define FADE_SECONDS     90
#define FADE_SECONDS_MAX 86400
#define ALL_PATTERNS     ((1u << MEMTEST_PATTERNS) - 1)
#define LINE_NS          (200 * NS_PER_MS) /* between two looks of the progress line */
#define LINE_COLUMNS     78

struct words {
    bool all;
    bool has_progress;
    uint64_t limit_bytes;
    struct memtest_request request;
};

/* Of the run: the callbacks have no other way to it. */
static struct {
    bool has_progress;
    bool is_line_shown;
    uint64_t next_line_ns;
    const struct memtest_result *result;
} shown;

/* ---- words ---- */

static void name_patterns(void)
{
    print("patterns:\n");
    for (unsigned int i = 0; i < MEMTEST_PATTERNS; i++)
        print("    %-12s%s\n", memtest_pattern_name(i), memtest_pattern_words(i));
}

static bool read_pattern(const char *word, unsigned int *patterns)
{
    for (unsigned int i = 0; i < MEMTEST_PATTERNS; i++) {
        if (strcmp(word, memtest_pattern_name(i)) == 0) {
            *patterns |= 1u << i;
            return true;
        }
    }
    return false;
}

/* Whether it is "NAME=..."; then @value is the rest. */
static bool is_setting(const char *word, const char *name, const char **value)
{
    size_t length = strlen(name);
    *value = word + length;
    return strncmp(word, name, length) == 0;
}

static bool read_word(const char *word, struct words *words)
{
    uint64_t number = 0;
    const char *value;
    bool is_right = true;
    if (strcmp(word, "all") == 0)
        words->all = true;
    else if (strcmp(word, "progress") == 0)
        words->has_progress = true;
    else if (is_setting(word, "passes=", &value))
        is_right = argument_number(value, "a number of passes", 1, UINT32_MAX, &words->request.passes);
    else if (is_setting(word, "fade=", &value)) {
        is_right = argument_number(value, "a time in seconds", 0, FADE_SECONDS_MAX, &number);
        words->request.wait_ns = number * NS_PER_SECOND;
    } else if (parse_size(word, &number) == STATUS_OK && number >= PAGE_SIZE)
        words->limit_bytes = number;
    else if (!read_pattern(word, &words->request.patterns)) {
        argument_refuse(word, "all, progress, passes=N, fade=SECONDS, a size of 4K or more, or a pattern");
        name_patterns();
        is_right = false;
    }
    return is_right;
}

/* ---- what is left out ---- */

static void show_part(const char *words, uint64_t bytes)
{
    char text[SIZE_TEXT_MAX];
    if (bytes > 0)
        print("%16lu  %s (%s)\n", bytes, words, size_text(bytes, text));
}

/* Parts of all RAM. What is in use is what remains, so that the sum is right. */
static void show_parts(uint64_t bytes)
{
    struct page_census census;
    page_census_take(&census);
    const uint64_t *kinds = census.by_kind;
    uint64_t free = census.buddy.cached;
    for (unsigned int zone = 0; zone < BUDDY_ZONES; zone++)
        free += census.buddy.zones[zone].free;
    uint64_t used = kinds[MEMMAP_USABLE] - bytes -
                    (free + census.buddy.metadata + census.isolated + census.unmanaged) * PAGE_SIZE;
    print("%16s\n", "bytes of RAM");
    show_part("under test", bytes);
    show_part("free, left to the kernel", free * PAGE_SIZE);
    show_part("in use by the kernel", used);
    show_part("descriptors of page frames", census.buddy.metadata * PAGE_SIZE);
    show_part("the kernel's image, stacks and early memory", kinds[MEMMAP_BOOT_IMAGE] + kinds[MEMMAP_KERNEL]);
    show_part("the loader's data and modules", kinds[MEMMAP_BOOT_INFO] + kinds[MEMMAP_MODULE]);
    show_part("firmware's: ACPI and runtime", kinds[MEMMAP_ACPI_RECLAIM] + kinds[MEMMAP_ACPI_TABLE] +
                                                  kinds[MEMMAP_ACPI_NVS] + kinds[MEMMAP_RUNTIME]);
    show_part("failed before, kept from use", census.isolated * PAGE_SIZE);
    show_part("above the end of the direct map", census.unmanaged * PAGE_SIZE);
    show_part("total", census.total_bytes);
}

/* ---- meanwhile ---- */

static void erase_line(void)
{
    if (shown.is_line_shown)
        print("\r%*s\r", LINE_COLUMNS, "");
    shown.is_line_shown = false;
}

static void show_line(const struct memtest_progress *progress)
{
    char line[LINE_COLUMNS + 1], left[24] = "?";
    uint64_t seconds = progress->left_ns / NS_PER_SECOND;
    if (progress->left_ns != UINT64_MAX)
        format_buffer(left, sizeof(left), "%lu:%02lu:%02lu", seconds / 3600, seconds / 60 % 60, seconds % 60);
    uint64_t done = progress->all / 1000 ? progress->done / (progress->all / 1000) : 0;
    format_buffer(line, sizeof(line), "%-10s pass %lu %3lu.%lu%%  %lu MiB/s a core  %s left  %lu error%s",
                  memtest_pattern_name(progress->pattern), progress->pass, done / 10, done % 10,
                  progress->core_rate >> 20, left, progress->errors, progress->errors == 1 ? "" : "s");
    print("\r%-*s", LINE_COLUMNS, line);
    shown.is_line_shown = true;
}

static bool poll(const struct memtest_progress *progress)
{
    uint64_t now_ns = clock_now_ns();
    bool is_stopped = keys_have_stop();
    if (shown.has_progress && now_ns >= shown.next_line_ns) {
        shown.next_line_ns = now_ns + LINE_NS;
        show_line(progress);
    }
    return !is_stopped;
}

/* ---- what was wrong ---- */

static void show_error(const struct memtest_error *error)
{
    char module[SMBIOS_MODULES_TEXT];
    uint64_t wrong = error->expected ^ error->found;
    erase_line();
    smbios_find_modules(smbios_here(), error->address, module);
    print_styled(STYLE_ERROR, "P%#lx: expected %016lx, found %016lx\n", error->address.raw, error->expected,
                 error->found);
    print("    bit %u%s, by %s on cpu %u%s%s\n", (unsigned int)__builtin_ctzll(wrong),
          wrong & (wrong - 1) ? " and others" : "", memtest_pattern_name(error->pattern), error->cpu,
          module[0] ? ", in " : "", module);
}

static void show_pattern(unsigned int pattern, uint64_t pass)
{
    const struct memtest_pattern_result *result = &shown.result->patterns[pattern];
    uint64_t us = result->busy_ns / NS_PER_US;
    char size[SIZE_TEXT_MAX];
    erase_line();
    print("pass %lu  %-10s  %-36s", pass, memtest_pattern_name(pattern), memtest_pattern_words(pattern));
    if (result->errors > 0)
        print_styled(STYLE_ERROR, "  %lu error%s\n", result->errors, result->errors == 1 ? "" : "s");
    else if (result->bytes > 0 && us > 0)
        print("  ok, %s/s a core\n", size_text(result->bytes / us * 1000000, size));
    else
        print("  ok\n");
}

static void show_summary(const struct memtest_result *result)
{
    char size[SIZE_TEXT_MAX], module[SMBIOS_MODULES_TEXT];
    erase_line();
    if (result->is_stopped)
        print("^C\n");
    print("memtest: %lu error%s in %s, %u CPU%s, %lu pass%s%s\n", result->errors,
          result->errors == 1 ? "" : "s", size_text(result->bytes, size), result->cpus,
          result->cpus == 1 ? "" : "s", result->passes, result->passes == 1 ? "" : "es",
          result->is_stopped ? ", stopped" : "");
    if (result->errors == 0)
        return;
    print("    P%#lx to P%#lx, bits %016lx\n", result->lowest.raw, result->highest.raw, result->bits);
    if (smbios_find_modules(smbios_here(), result->lowest, module) > 0)
        print("    module: %s\n", module);
    print("    %lu page frame%s kept from use until the machine restarts\n", result->isolated,
          result->isolated == 1 ? " is" : "s are");
}

/* ---- for programs ---- */

static void write_errors(struct json *json, const struct memtest_result *result)
{
    json_open_list(json, "found");
    for (unsigned int i = 0; i < result->first_count; i++) {
        const struct memtest_error *error = &result->first[i];
        char module[SMBIOS_MODULES_TEXT];
        json_open_object(json, NULL);
        json_number(json, "address", error->address.raw);
        json_number(json, "expected", error->expected);
        json_number(json, "found", error->found);
        json_string(json, "pattern", memtest_pattern_name(error->pattern));
        json_number(json, "cpu", error->cpu);
        if (smbios_find_modules(smbios_here(), error->address, module) > 0)
            json_string(json, "module", module);
        json_close(json);
    }
    json_close(json);
}

static void write_patterns(struct json *json, const struct memtest_result *result, unsigned int patterns)
{
    json_open_list(json, "patterns");
    for (unsigned int i = 0; i < MEMTEST_PATTERNS; i++) {
        if (!(patterns & 1u << i))
            continue;
        json_open_object(json, NULL);
        json_string(json, "name", memtest_pattern_name(i));
        json_number(json, "bytes", result->patterns[i].bytes);
        json_number(json, "busy_ns", result->patterns[i].busy_ns);
        json_number(json, "errors", result->patterns[i].errors);
        json_close(json);
    }
    json_close(json);
}

static void write_result(const struct memtest_result *result, const struct memtest_request *request)
{
    struct json json = { .put = print_sink };
    log_defer();
    json_begin(&json, "memtest");
    json_number(&json, "bytes", result->bytes);
    json_number(&json, "cpus", result->cpus);
    json_number(&json, "passes", result->passes);
    json_bool(&json, "stopped", result->is_stopped);
    json_number(&json, "errors", result->errors);
    json_number(&json, "bits", result->bits);
    json_number(&json, "isolated_bytes", result->isolated * PAGE_SIZE);
    json_number(&json, "seed", request->seed);
    write_patterns(&json, result, request->patterns);
    write_errors(&json, result);
    json_end(&json);
    log_show_deferred();
}

/* ---- memtest ---- */

static status_t command_memtest(int argc, char **argv)
{
    static struct memtest_result result;
    struct words words = {
        .has_progress = run_is_attended(),
        .limit_bytes = UINT64_MAX,
        .request = { .passes = 1,
                     .wait_ns = FADE_SECONDS * NS_PER_SECOND,
                     .seed = cpu_read_tsc(),
                     .ended = show_pattern,
                     .error = show_error,
                     .poll = poll },
    };
    uint64_t bytes;
    for (int i = 1; i < argc; i++) {
        if (!read_word(argv[i], &words))
            return STATUS_INVALID;
    }
    if (!words.request.patterns)
        words.request.patterns = ALL_PATTERNS;
    pager_end();         /* the progress line is one row */
    (void)smbios_here(); /* it may need memory, of which there is none later */
    status_t status = memtest_prepare(words.limit_bytes, words.all, &bytes);
    if (status != STATUS_OK)
        return status;
    show_parts(bytes);
    if (words.has_progress)
        print("Ctrl-C stops the test\n");
    shown.has_progress = words.has_progress;
    shown.next_line_ns = 0;
    shown.result = &result;
    memtest_test(&words.request, &result);
    show_summary(&result);
    if (!run_is_attended())
        write_result(&result, &words.request);
    /* A test that was stopped has passed for a person, but not for a program. */
    return result.errors > 0                         ? STATUS_FAULTY
           : result.is_stopped && !run_is_attended() ? STATUS_TRUNCATED
                                                     : STATUS_OK;
}

static const char *memtest_words(unsigned int index)
{
    return index == 0 ? "all" : memtest_pattern_name(index - 1);
}
COMMAND_WITH_WORDS(memtest, command_memtest, .group = GROUP_TESTS,
                   .arguments = "[all] [PATTERN...] [SIZE] [passes=N] [fade=SECONDS] [progress]",
                   .help = "test free memory, or all but the kernel's, on all CPUs; Ctrl-C stops",
                   .example = "memtest 16M random", .see_also = "map mce dmi", .words = memtest_words);
