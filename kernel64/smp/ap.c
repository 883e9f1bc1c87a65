/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The list of application processors: those that firmware lists and the options choose.
 */
#include <smp/ap.h>

#include <ashlar/mm/kmalloc.h>
#include <boot/machine.h>
#include <boot/options.h>
#include <cpu/apic_id.h>
#include <cpu/insn.h>
#include <cpu/percpu.h>
#include <irq/lapic.h>
#include <lib/parse.h>
#include <log/log.h>
#include <platform/platform.h>

OPTION(absentcpu, "LIST", "for tests: add absent CPUs with these APIC IDs, as in 200,210-220");
OPTION(cpus, "LIST", "start only these CPUs, as in 0-3,8; the BSP always runs");
OPTION(cpuwave, "N", "for tests: start at most N CPUs at a time");
OPTION(maxcpus, "N", "use at most N CPUs, including the BSP");

static struct ap *aps;
static unsigned int count;
static struct ap_absent *left_out;
static unsigned int left_out_count;

/* ---- the list ---- */

/* Return: false when there is no memory. */
static bool add(uint32_t apic_id, unsigned int node)
{
    static struct ap **last = &aps;
    struct ap *ap = kcalloc(1, sizeof(*ap));
    if (!ap)
        return false;
    ap->apic_id = apic_id;
    ap->node = node;
    *last = ap;
    last = &ap->next;
    count++;
    return true;
}

static bool is_known(uint32_t apic_id)
{
    const struct ap *ap = aps;
    const struct ap_absent *absent = left_out;
    while (ap && ap->apic_id != apic_id)
        ap = ap->next;
    while (absent && absent->apic_id != apic_id)
        absent = absent->next;
    return ap || absent;
}

/* ---- those that are left out ---- */

static void leave_out(uint32_t apic_id, enum ap_left_out why)
{
    static struct ap_absent **last = &left_out;
    struct ap_absent *absent = left_out_count < PERCPU_MAX ? kcalloc(1, sizeof(*absent)) : NULL;
    left_out_count++;
    if (!absent)
        return;
    *absent = (struct ap_absent){ .apic_id = apic_id, .why = why };
    *last = absent;
    last = &absent->next;
}

const struct ap_absent *ap_first_left_out(void)
{
    return left_out;
}

unsigned int ap_left_out_count(void)
{
    return left_out_count;
}

const char *ap_left_out_name(enum ap_left_out why)
{
    static const char *const names[AP_LEFT_OUT_REASONS] = { "option", "number", "reach", "memory" };
    return names[why];
}

const char *ap_left_out_words(enum ap_left_out why)
{
    static const char *const words[AP_LEFT_OUT_REASONS] = {
        [AP_LEFT_OUT_BY_OPTION] = "left out by maxcpus= or cpus=",
        [AP_LEFT_OUT_BY_NUMBER] = "left out: too many CPUs",
        [AP_LEFT_OUT_BY_REACH] = "left out: interrupts cannot reach it",
        [AP_LEFT_OUT_BY_MEMORY] = "left out: no memory",
    };
    return words[why];
}

/* ---- stages ---- */

const char *ap_stage_words(enum ap_stage stage)
{
    static const char *const words[AP_STAGES] = {
        [AP_STAGE_NONE] = "no response to SIPI",
        [AP_STAGE_REAL] = "stopped in real mode",
        [AP_STAGE_PROTECTED] = "stopped in protected mode",
        [AP_STAGE_LONG] = "stopped in long mode, before the kernel",
        [AP_STAGE_KERNEL] = "stopped in the kernel",
        [AP_STAGE_ONLINE] = "online",
    };
    return words[stage];
}

/* ---- access to the list ---- */

struct ap *ap_first(void)
{
    return aps;
}

struct ap *ap_of(unsigned int cpu)
{
    struct ap *ap = aps;
    while (ap && ap->cpu != cpu)
        ap = ap->next;
    return ap;
}

unsigned int ap_count(void)
{
    return count;
}

void ap_filter(bool (*predicate)(struct ap *ap))
{
    struct ap **at = &aps;
    while (*at) {
        struct ap *ap = *at;
        if (predicate(ap)) {
            at = &ap->next;
            continue;
        }
        *at = ap->next;
        leave_out(ap->apic_id, AP_LEFT_OUT_BY_MEMORY);
        kfree(ap);
        count--;
    }
}

/* ---- the options ---- */

static struct {
    uint64_t most;    /* CPUs in all */
    uint64_t at_once; /* CPUs in a wave */
    char chosen[256]; /* cpus=: numbers as the CPUs are counted, the BSP being 0; "" for all */
    char absent[256]; /* absentcpu=: APIC ids */
    unsigned int counted;
} config = { .most = UINT64_MAX, .at_once = PERCPU_MAX };

/* A number from 1 on; @value is unchanged where there is none. */
static void read_number(const struct option *option, uint64_t *value)
{
    char text[24];
    uint64_t number;
    status_t status = option_read(option, text, sizeof(text));
    if (status == STATUS_NOT_FOUND)
        return;
    if (status == STATUS_OK && parse_number(text, &number) == STATUS_OK && number > 0)
        *value = number;
    else
        log_warn("smp", "%s=%s: expected a number from 1 on", option->name, text);
}

/* Numbers and ranges, up to the capacity of @list; "" where there are none. */
static void read_list(const struct option *option, char *list, size_t size)
{
    uint64_t first, last;
    const char *at = list;
    status_t status = option_read(option, list, size);
    if (status == STATUS_NOT_FOUND) {
        list[0] = 0;
        return;
    }
    if (status == STATUS_OK && list[0])
        do
            status = parse_next_range(&at, &first, &last);
        while (status == STATUS_OK);
    if (status == STATUS_NOT_FOUND)
        return;
    log_warn("smp", "%s=%s: expected numbers and ranges, as in 0-3,8", option->name, list);
    list[0] = 0;
}

static void read_options(void)
{
    read_number(&option_maxcpus, &config.most);
    read_number(&option_cpuwave, &config.at_once);
    read_list(&option_cpus, config.chosen, sizeof(config.chosen));
    read_list(&option_absentcpu, config.absent, sizeof(config.absent));
}

static bool is_chosen(unsigned int number)
{
    uint64_t first, last;
    const char *list = config.chosen;
    while (parse_next_range(&list, &first, &last) == STATUS_OK)
        if (number >= first && number <= last)
            return true;
    return config.chosen[0] == 0;
}

/* ---- which are in the list ---- */

/* An option may name a CPU twice. */
static void consider(uint32_t apic_id, unsigned int node)
{
    uint32_t mine = lapic_mode() != LAPIC_NONE ? lapic_id() : apic_initial_id(cpu_cpuid);
    if (apic_id == mine || is_known(apic_id))
        return;
    config.counted++;
    if (count + 1 >= config.most || !is_chosen(config.counted)) {
        leave_out(apic_id, AP_LEFT_OUT_BY_OPTION);
        return;
    }
    if (count + 1 >= PERCPU_MAX) {
        leave_out(apic_id, AP_LEFT_OUT_BY_NUMBER);
        return;
    }
    if (lapic_mode() == LAPIC_NONE) {
        leave_out(apic_id, AP_LEFT_OUT_BY_REACH);
        return;
    }
    if (lapic_mode() == LAPIC_XAPIC && apic_id > LAPIC_XAPIC_ID_LAST) {
        log_warn("smp", "CPU with APIC ID %u left out: beyond the 8 bits of xAPIC mode", apic_id);
        leave_out(apic_id, AP_LEFT_OUT_BY_REACH);
        return;
    }
    if (!add(apic_id, node)) {
        leave_out(apic_id, AP_LEFT_OUT_BY_MEMORY);
        log_warn("smp", "CPU with APIC ID %u left out: %s", apic_id, status_sentence(STATUS_NO_MEMORY));
    }
}

/* As if firmware listed them after all others. The highest APIC ID is the broadcast. */
static void consider_absent(void)
{
    uint64_t first, last;
    const char *list = config.absent;
    while (parse_next_range(&list, &first, &last) == STATUS_OK)
        for (uint64_t apic_id = first; apic_id <= last && apic_id < UINT32_MAX && config.counted < PERCPU_MAX;
             apic_id++)
            consider((uint32_t)apic_id, 0);
}

uint64_t ap_wave_limit(void)
{
    return config.at_once;
}

void ap_find_all(void)
{
    read_options();
    for (size_t i = 0; i < platform()->cpu_count; i++)
        consider(platform()->cpus[i].apic_id, platform()->cpus[i].node);
    consider_absent();
}

bool ap_decide_arrival(uint32_t *arrival, enum ap_arrival decision)
{
    uint32_t expected = AP_EXPECTED;
    return __atomic_compare_exchange_n(arrival, &expected, decision, false, __ATOMIC_ACQ_REL,
                                       __ATOMIC_ACQUIRE);
}
