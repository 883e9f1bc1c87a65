/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Backtraces by frame pointers. A frame is valid only if it is on a known stack, above the previous one.
 */
#include <panic/backtrace.h>

#include <log/print.h>
#include <panic/stacks.h>
#include <panic/symbols.h>

/* The frame at RBP of a function that has set up its frame. */
struct frame {
    virt_t caller_frame;
    virt_t return_address;
};

/* An exception in an NMI in a machine check in a debug exception in the kernel, and one spare. */
#define STACK_SWITCHES_MAX 5

/* Lines printed. A longer backtrace is truncated, after its recursion is folded. */
#define LINES_MAX 48

void backtrace_begin(struct backtrace *walk, virt_t frame_pointer)
{
    *walk = (struct backtrace){ .frame = frame_pointer };
}

bool backtrace_next(struct backtrace *walk, virt_t *return_address)
{
    const struct stack *stack = stacks_find(walk->frame);
    const struct frame *frame = virt_to_pointer(walk->frame);

    if (!stack || virt_offset_in(walk->frame, sizeof(uint64_t)) != 0 ||
        virt_distance(walk->frame, stack->top) < sizeof(*frame))
        return false;
    if (stack == walk->stack) {
        if (virt_is_below(walk->frame, walk->floor))
            return false;
    } else if (walk->stack && ++walk->stack_switches > STACK_SWITCHES_MAX) {
        return false;
    }

    walk->stack = stack;
    walk->floor = virt_add(walk->frame, sizeof(*frame));
    walk->frame = frame->caller_frame;
    *return_address = frame->return_address;
    return true;
}

/*
 * @is_return: the address is a return address. If the call is the caller's last instruction, it is after the
 * caller's end, so the byte before it is looked up.
 */
static void print_address(virt_t address, bool is_return)
{
    uint64_t offset, size;
    const char *name = symbol_find(virt_sub(address, is_return), &offset, &size);

    if (name)
        print("    %016lx %s+0x%lx/0x%lx", address.raw, name, offset + is_return, size);
    else
        print("    %016lx (not in the kernel's code)", address.raw);
}

static void end_line(unsigned int repeats)
{
    if (repeats)
        print(", %u times", repeats + 1);
    print("\n");
}

static void print_callers(virt_t frame_pointer)
{
    struct backtrace walk;
    virt_t address, last = virt(0);
    unsigned int lines = 0, repeats = 0;

    backtrace_begin(&walk, frame_pointer);
    while (backtrace_next(&walk, &address)) {
        if (lines > 0 && virt_is_equal(address, last)) {
            repeats++;
            continue;
        }
        if (lines > 0)
            end_line(repeats);
        if (lines++ == LINES_MAX) {
            print("    (truncated)\n");
            return;
        }
        print_address(address, true);
        last = address;
        repeats = 0;
    }
    if (lines > 0)
        end_line(repeats);
    if (walk.frame.raw != 0)
        print("    end: frame pointer %016lx is not valid\n", walk.frame.raw);
}

void backtrace_print(virt_t frame_pointer)
{
    print("  backtrace:\n");
    print_callers(frame_pointer);
}

static void print_word_at(virt_t rsp)
{
    const struct stack *stack = stacks_find(rsp);
    virt_t word;

    if (!stack || virt_offset_in(rsp, sizeof(word)) != 0)
        return;
    word = *(const virt_t *)virt_to_pointer(rsp);
    if (!symbol_find(virt_sub(word, 1), NULL, NULL))
        return;
    print_address(word, true);
    print(" ?\n");
}

void backtrace_print_interrupted(virt_t rip, virt_t rsp, virt_t frame_pointer)
{
    print("  backtrace:\n");
    print_address(rip, false);
    print("\n");
    print_word_at(rsp);
    print_callers(frame_pointer);
}
