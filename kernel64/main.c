/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bring-up: one line a step, in the order in which things become usable.
 */
#include <ashlar/handoff.h>
#include <cpu/features.h>
#include <cpu/protect.h>
#include <cpu/stack_protector.h>
#include <cpu/traps.h>

NORETURN void kernel64_main(uint64_t handoff_address);

static void say(const char *text)
{
    for (; *text; text++)
        __asm__ volatile("outb %0, %1" ::"a"(*text), "Nd"((uint16_t)0x3f8));
}

void kernel64_main(uint64_t handoff_address)
{
    cpu_features_init();
    stack_protector_init();
    traps_init();
    cpu_protect();

    (void)handoff_address;
    say("kernel64: hello\n");
    for (;;)
        __asm__ volatile("hlt");
}
