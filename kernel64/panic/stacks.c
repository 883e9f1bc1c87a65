/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The list of stacks. Stacks are only added, so it may be read in any context.
 */
#include <panic/stacks.h>

#include <ashlar/check.h>

static struct stack *stacks;

static bool is_registered(const struct stack *stack)
{
    const struct stack *each = stacks;
    while (each && each != stack)
        each = each->next;
    return each != NULL;
}

void stacks_add(struct stack *stack)
{
    CHECK(!is_registered(stack), "panic: a stack is registered once");
    stack->next = stacks;
    stacks = stack;
}

const struct stack *stacks_first(void)
{
    return stacks;
}

const struct stack *stacks_find(virt_t address)
{
    for (const struct stack *stack = stacks; stack; stack = stack->next) {
        if (virt_is_in(address, stack->bottom, stack->top))
            return stack;
    }
    return NULL;
}

const struct stack *stacks_find_guard(virt_t address)
{
    for (const struct stack *stack = stacks; stack; stack = stack->next) {
        if (virt_is_in(address, virt_sub(stack->bottom, PAGE_SIZE), stack->bottom))
            return stack;
    }
    return NULL;
}
