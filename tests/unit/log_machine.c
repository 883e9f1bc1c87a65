/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The imitated machine of log_machine.h.
 */
#include <log_machine.h>

#include <stdio.h>
#include <string.h>

void (*between)(void);
uint64_t now, step;
unsigned int looks;
_Thread_local unsigned int cpu;
bool threads;

/* The lock's owner is this CPU, not this thread. */
uint64_t spin_me(void)
{
    return (uint64_t)cpu << SPIN_CPU_SHIFT;
}

void hosted_irqs_enabled(void)
{
    if (!threads && between)
        between();
}

static uint64_t read_ticks(void)
{
    if (threads)
        return __builtin_ia32_rdtsc();
    looks++;
    return now += step;
}

static unsigned int number_of_cpu(void)
{
    return cpu;
}

struct machine_ops machine_ops = {
    .cpu = number_of_cpu,
    .ticks = read_ticks,
};

static void record(struct console *self, const char *text, size_t length)
{
    struct fake *fake = container_of(self, struct fake, console);
    void (*inside)(void) = fake->inside;

    fake->saw_irqs_enabled |= local_irq_is_enabled();
    fake->style = self->style;
    assert_true(fake->length + length < sizeof(fake->text));
    memcpy(fake->text + fake->length, text, length);
    fake->length += length;
    fake->text[fake->length] = 0;
    fake->inside = NULL;
    if (inside)
        inside();
}

static void silence(struct console *self, const char *text, size_t length)
{
    (void)self, (void)text, (void)length;
}

void count_settle(struct console *self)
{
    struct fake *fake = container_of(self, struct fake, console);
    fake->saw_irqs_enabled |= local_irq_is_enabled();
    fake->settles++;
}

static struct fake fakes[32];
static unsigned int fakes_used;

static struct fake *attach_console(struct console console)
{
    struct fake *fake = &fakes[fakes_used++];
    fake->console = console;
    fake->console.write = record;
    log_attach(&fake->console);
    return fake;
}

struct fake *attach(const char *name)
{
    return attach_console((struct console){ .name = name });
}

struct fake *attach_screen(const char *name, uint16_t columns)
{
    return attach_console((struct console){ .name = name, .is_screen = true, .columns = columns });
}

int begin(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < fakes_used; i++) {
        fakes[i].console.write = silence;
        fakes[i].console.is_screen = false;
    }
    hosted_irqs_disabled = false;
    between = NULL;
    now = step = 0;
    cpu = 0;
    log_set_threshold(LOG_INFO);
    log_set_clock(NULL, NULL);
    return 0;
}

void clear(struct fake *fake)
{
    fake->length = 0;
    fake->text[0] = 0;
}

unsigned int shown(const struct fake *fake, const char *what)
{
    unsigned int count = 0;
    for (const char *at = fake->text; (at = strstr(at, what)) != NULL; at++)
        count++;
    return count;
}

unsigned int check_stamps(const char *text)
{
    unsigned long last_us = 0;
    unsigned int count = 0;
    for (const char *line = text; *line; line = strchr(line, '\n') + 1) {
        unsigned long seconds, micros;
        if (sscanf(line, "[%lu.%lu]", &seconds, &micros) != 2)
            continue;
        assert_true(seconds * 1000000 + micros >= last_us);
        last_us = seconds * 1000000 + micros;
        count++;
    }
    return count;
}

uint64_t times_three(uint64_t ticks)
{
    return 3 * ticks;
}
