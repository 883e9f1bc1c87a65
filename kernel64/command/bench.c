/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The command `bench`: runs benchmarks and prints what an operation costs.
 */
#include <ashlar/bench.h>

#include <ashlar/command.h>
#include <ashlar/json.h>
#include <cpu/insn.h>
#include <log/log.h>
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

static void print_result(const struct bench *bench, const uint64_t *ticks)
{
    struct json json = { .put = print_sink };
    log_defer();
    json_begin(&json, "bench");
    json_string(&json, "name", bench->name);
    json_string(&json, "unit", "tsc");
    json_number(&json, "min", per_operation(bench, ticks[0]));
    json_number(&json, "median", per_operation(bench, ticks[BENCH_ROUNDS / 2]));
    json_number(&json, "n", BENCH_ROUNDS);
    json_number(&json, "operations", bench->operations);
    json_number(&json, "min_ticks", ticks[0]);
    json_number(&json, "median_ticks", ticks[BENCH_ROUNDS / 2]);
    json_end(&json);
    log_show_deferred();
}

static void print_samples(const struct bench *bench, const uint64_t *samples, unsigned int count)
{
    struct json json = { .put = print_sink };
    log_defer();
    json_begin(&json, "bench");
    json_string(&json, "name", bench->name);
    json_string(&json, "unit", bench->unit);
    json_number(&json, "min", samples[0]);
    json_number(&json, "median", samples[count / 2]);
    json_number(&json, "p99", samples[count - count / 100 - 1]);
    json_number(&json, "max", samples[count - 1]);
    json_number(&json, "n", count);
    json_end(&json);
    log_show_deferred();
}

static void take_samples(const struct bench *bench)
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
    print_samples(bench, samples, count);
}

static void run_one(const struct bench *bench)
{
    uint64_t ticks[BENCH_ROUNDS];
    if (bench->prepare && !bench->prepare()) {
        print("bench: %s not possible on this machine\n", bench->name);
        return;
    }
    if (bench->sample || bench->collect) {
        take_samples(bench);
        return;
    }
    for (unsigned int round = 0; round < BENCH_ROUNDS; round++) {
        uint64_t start = cpu_read_tsc();
        bench->run();
        ticks[round] = cpu_read_tsc() - start;
    }
    if (bench->end)
        bench->end();
    sort(ticks, BENCH_ROUNDS);
    print_result(bench, ticks);
}

static const char *bench_names(unsigned int index)
{
    return index < (size_t)(__benches_end - __benches_start) ? __benches_start[index].name : NULL;
}

static status_t command_bench(int argc, char **argv)
{
    const char *pattern = argc > 1 ? argv[1] : "*";
    unsigned int count = 0;
    if (argc > 2)
        return STATUS_INVALID;
    for (const struct bench *bench = __benches_start; bench < __benches_end && !print_is_stopped(); bench++) {
        if (!string_matches(pattern, bench->name))
            continue;
        run_one(bench);
        count++;
    }
    if (count == 0)
        print("no benchmark named %s\n", pattern);
    return count > 0 ? STATUS_OK : STATUS_NOT_FOUND;
}
COMMAND_WITH_WORDS(bench, command_bench, .group = GROUP_TESTS, .arguments = "[GLOB]",
                   .help = "run the benchmarks: JSON lines, ticks per operation", .example = "bench clock*",
                   .see_also = "test", .words = bench_names);
