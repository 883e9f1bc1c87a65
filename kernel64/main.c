/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bring-up: one line a step, in the order in which things become usable.
 */
#include <ashlar/handoff.h>

NORETURN void kernel64_main(uint64_t handoff_address);
extern uintptr_t __stack_chk_guard;
NORETURN void __stack_chk_fail(void);
NORETURN void verify_failed(const char *expression, const char *file, int line)
{
    (void)expression; (void)file; (void)line;
    for (;;) __asm__ volatile("cli; hlt");
}

static void say(const char *text)
{
    for (; *text; text++)
        __asm__ volatile("outb %0, %1" ::"a"(*text), "Nd"((uint16_t)0x3f8));
}

void kernel64_main(uint64_t handoff_address)
{
    (void)handoff_address;
    say("kernel64: hello\n");
    for (;;)
        __asm__ volatile("hlt");
}
