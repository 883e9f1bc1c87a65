/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The command `bench`: runs benchmarks and prints what an operation costs.
 */
#include <ashlar/bench.h>

#include <ashlar/command.h>
#include <command/record.h>
#include <cpu/insn.h>
#include <log/arguments.h>
#include <log/print.h>
#include <lib/string.h>

static void sort(uint64_t *values, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        uint64_t value = values[i];
        size_t at = i;
        for (; at > 0 && values[at - 1] > value; at--)
            values[at] = values[at - 1];
        values[at] = value;
    }
}

static uint64_t per_operation(const struct bench *bench, uint64_t ticks)
{
    return (ticks + bench->operations / 2) / bench->operations;
}

/* What was measured: ticks of all rounds, or samples, in ascending order. */
struct measured {
    const struct bench *bench;
    const uint64_t *values;
    unsigned int count;
};

static void write_rounds(struct json *json, const void *context)
{
    const struct measured *measured = context;
    const struct bench *bench = measured->bench;
    uint64_t min = measured->values[0], median = measured->values[BENCH_ROUNDS / 2];
    json_string(json, "name", bench->name);
    json_string(json, "unit", "tsc");
    json_number(json, "min", per_operation(bench, min));
    json_number(json, "median", per_operation(bench, median));
    json_number(json, "n", BENCH_ROUNDS);
    json_number(json, "operations", bench->operations);
    json_number(json, "min_ticks", min);
    json_number(json, "median_ticks", median);
}

static void write_samples(struct json *json, const void *context)
{
    const struct measured *measured = context;
    const uint64_t *samples = measured->values;
    unsigned int count = measured->count;
    json_string(json, "name", measured->bench->name);
    json_string(json, "unit", measured->bench->unit);
    json_number(json, "min", samples[0]);
    json_number(json, "median", samples[count / 2]);
    json_number(json, "p99", samples[count - count / 100 - 1]);
    json_number(json, "max", samples[count - 1]);
    json_number(json, "n", count);
}

/* For people: without the members that follow from the others. */
static const struct record_column columns[] = {
    { "name", 27, true }, { "unit", 12, true }, { "min", 7, false }, { "median", 7, false },
    { "p99", 7, false },  { "max", 7, false },  { NULL, 0, false },
};

static void show(const struct record_form *form, record_members_fn *members, const struct measured *measured)
{
    if (form)
        form->row(columns, members, measured);
    else
        record_print("bench", members, measured);
}

static void take_samples(const struct bench *bench, const struct record_form *form)
{
    static uint64_t samples[BENCH_SAMPLE_COUNT];
    unsigned int count = BENCH_SAMPLE_COUNT;
    if (bench->collect)
        count = bench->collect(samples, BENCH_SAMPLE_COUNT);
    else
        for (unsigned int i = 0; i < BENCH_SAMPLE_COUNT; i++)
            samples[i] = bench->sample();
    if (count == 0) {
        print("bench: %s failed\n", bench->name);
        return;
    }
    sort(samples, count);
    show(form, write_samples, &(struct measured){ bench, samples, count });
}

static void run_one(const struct bench *bench, const struct record_form *form)
{
    uint64_t ticks[BENCH_ROUNDS];
    if (bench->prepare && !bench->prepare()) {
        print("bench: %s not possible on this machine\n", bench->name);
        return;
    }
    if (bench->sample || bench->collect) {
        take_samples(bench, form);
        return;
    }
    bool is_stopped = false;
    for (unsigned int round = 0; round < BENCH_ROUNDS && !is_stopped; round++) {
        uint64_t start = cpu_read_tsc();
        bench->run();
        ticks[round] = cpu_read_tsc() - start;
        is_stopped = print_is_stopped();
    }
    if (bench->end)
        bench->end();
    if (is_stopped)
        return;
    sort(ticks, BENCH_ROUNDS);
    show(form, write_rounds, &(struct measured){ bench, ticks, BENCH_ROUNDS });
}

static const char *bench_names(unsigned int index)
{
    return index < (size_t)(__benches_end - __benches_start) ? __benches_start[index].name : NULL;
}

static status_t command_bench(int argc, char **argv)
{
    const struct record_form *form = record_form_of(&argc, argv);
    const char *pattern = argc > 1 ? argv[1] : "*";
    unsigned int count = 0;
    if (!arguments_count(argc, argv, 0, 1))
        return STATUS_INVALID;
    for (const struct bench *bench = __benches_start; bench < __benches_end && !print_is_stopped(); bench++) {
        if (!string_matches(pattern, bench->name))
            continue;
        if (count++ == 0 && form)
            form->headings(columns);
        run_one(bench, form);
    }
    if (count == 0)
        argument_refuse(pattern, "a benchmark: Tab lists them");
    return count > 0 ? STATUS_OK : STATUS_NOT_FOUND;
}
COMMAND_WITH_WORDS(bench, command_bench, .group = GROUP_TESTS, .arguments = "[-j] [GLOB]",
                   .help = "run the benchmarks: cost of an operation; -j: as JSON lines",
                   .example = "bench clock*", .see_also = "test", .words = bench_names);
