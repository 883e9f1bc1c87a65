/* SPDX-License-Identifier: BSD-2-Clause */
/* The list of input devices, the newest first. */
#include <console/inputs.h>

#include <ashlar/check.h>

static struct input *inputs;

static bool is_registered(const struct input *input)
{
    const struct input *each = inputs;
    while (each && each != input)
        each = each->next;
    return each != NULL;
}

void inputs_add(struct input *input)
{
    CHECK(!is_registered(input), "console: an input is registered once");
    input->next = inputs;
    inputs = input;
}

int inputs_poll(void)
{
    int key = KEY_NONE;
    for (struct input *input = inputs; input && key == KEY_NONE; input = input->next)
        key = input->poll(input);
    return key;
}

bool inputs_all_interrupt(void)
{
    for (struct input *input = inputs; input; input = input->next)
        if (!input->interrupts)
            return false;
    return true;
}

void inputs_poll_devices(void)
{
    for (struct input *input = inputs; input; input = input->next)
        input->interrupts = false;
}
