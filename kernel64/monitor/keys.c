/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Waits for keys, and keeps those typed ahead. The CPU halts until an interrupt arrives; an input without one
 * is polled, because the prompt must work on a machine whose interrupts do not.
 */
#include <monitor/keys.h>

#include <ashlar/sync/context.h>
#include <ashlar/sync/irqflags.h>
#include <ashlar/time_units.h>
#include <console/input_interrupts.h>
#include <console/inputs.h>
#include <console/screens.h>
#include <cpu/wait.h>
#include <command/run.h>
#include <time/clock.h>
#include <time/timer.h>
#include <time/tsc_sync.h>

/* Fast enough for typing; a serial port's FIFO holds the characters received meanwhile. */
#define POLL_NS NS_PER_MS

/* The keys typed ahead: a ring. */
static int16_t ahead[KEYS_AHEAD_MAX];
static uint32_t ahead_start, ahead_end;

static int take_ahead(void)
{
    return ahead_start == ahead_end ? KEY_NONE : ahead[ahead_start++ % KEYS_AHEAD_MAX];
}

int keys_of_screen(int key)
{
    if (key != KEY_SCROLL_UP && key != KEY_SCROLL_DOWN)
        return key;
    screens_scroll(key == KEY_SCROLL_UP ? -1 : 1);
    return KEY_NONE;
}

/* Return: the next new key; KEY_NONE when there is none, or it is applied. */
static int poll_new(void)
{
    int key = inputs_poll();
    if (key == KEY_RESTART)
        run_reboot();
    return keys_of_screen(key);
}

/* Context: interrupts off, so that none can arrive between the last poll and the halt; on afterwards. */
static void wait_for_input(void)
{
    input_interrupts_check();
    if (inputs_all_interrupt()) {
        cpu_interrupts_on_and_halt();
        return;
    }
    local_irq_enable();
    if (timer_interrupts())
        timer_sleep_until(clock_now_ns() + POLL_NS);
    else
        timer_poll();
}

static int wait_new(void)
{
    for (;;) {
        local_irq_disable();
        int key = poll_new();
        if (key != KEY_NONE) {
            local_irq_enable();
            tsc_sync_recheck();
            return key;
        }
        wait_for_input();
    }
}

int keys_wait(void)
{
    CHECK_MAY_SLEEP();
    int key = take_ahead();
    return key != KEY_NONE ? key : wait_new();
}

bool keys_have_stop(void)
{
    int key;
    while (ahead_end - ahead_start < KEYS_AHEAD_MAX && (key = poll_new()) != KEY_NONE) {
        if (key == KEY_STOP) {
            ahead_start = ahead_end;
            return true;
        }
        ahead[ahead_end++ % KEYS_AHEAD_MAX] = (int16_t)key;
    }
    return false;
}

int keys_wait_for_new(void)
{
    CHECK_MAY_SLEEP();
    return keys_have_stop() ? KEY_STOP : wait_new();
}

int keys_wait_until(uint64_t deadline_ns)
{
    CHECK_MAY_SLEEP();
    int key;
    while ((key = poll_new()) == KEY_NONE && clock_now_ns() < deadline_ns) {
        input_interrupts_check();
        timer_sleep_until(clock_now_ns() + POLL_NS * 10);
    }
    return key;
}
