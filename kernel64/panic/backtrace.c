/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Backtraces by frame pointers. A frame is valid only if it is on a known stack, above the previous one.
 */
#include <panic/backtrace.h>

#include <ashlar/bits.h>
#include <log/print.h>
#include <panic/stacks.h>
#include <panic/symbols.h>

/* The frame at RBP of a function that has set up its frame. */
struct frame {
    uint64_t caller_frame;
    uint64_t return_address;
};

/* An exception in an NMI in a machine check in a debug exception in the kernel, and one spare. */
#define STACK_SWITCHES_MAX 5

/* Lines printed. A longer backtrace is truncated, after its recursion is folded. */
#define LINES_MAX 48

void backtrace_begin(struct backtrace *walk, uint64_t frame_pointer)
{
    *walk = (struct backtrace){ .frame = frame_pointer };
}

bool backtrace_next(struct backtrace *walk, uint64_t *return_address)
{
    const struct stack *stack = stacks_find(walk->frame);
    const struct frame *frame = (const struct frame *)(uintptr_t)walk->frame;

    if (!stack || !is_aligned(walk->frame, sizeof(uint64_t)) || stack->top - walk->frame < sizeof(*frame))
        return false;
    if (stack == walk->stack) {
        if (walk->frame < walk->floor)
            return false;
    } else if (walk->stack && ++walk->stack_switches > STACK_SWITCHES_MAX) {
        return false;
    }

    walk->stack = stack;
    walk->floor = walk->frame + sizeof(*frame);
    walk->frame = frame->caller_frame;
    *return_address = frame->return_address;
    return true;
}

/*
 * @is_return: the address is a return address. If the call is the caller's last instruction, it is after the
 * caller's end, so the byte before it is looked up.
 */
static void print_address(uint64_t address, bool is_return)
{
    uint64_t offset, size;
    const char *name = symbol_find(address - is_return, &offset, &size);

    if (name)
        print("    %016lx %s+0x%lx/0x%lx", address, name, offset + is_return, size);
    else
        print("    %016lx (not in the kernel's code)", address);
}

static void end_line(unsigned int repeats)
{
    if (repeats)
        print(", %u times", repeats + 1);
    print("\n");
}

static void print_callers(uint64_t frame_pointer)
{
    struct backtrace walk;
    uint64_t address, last = 0;
    unsigned int lines = 0, repeats = 0;

    backtrace_begin(&walk, frame_pointer);
    while (backtrace_next(&walk, &address)) {
        if (lines > 0 && address == last) {
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
    if (walk.frame != 0)
        print("    end: frame pointer %016lx is not valid\n", walk.frame);
}

void backtrace_print(uint64_t frame_pointer)
{
    print("  backtrace:\n");
    print_callers(frame_pointer);
}

static void print_word_at(uint64_t rsp)
{
    const struct stack *stack = stacks_find(rsp);
    uint64_t word;

    if (!stack || !is_aligned(rsp, sizeof(word)))
        return;
    word = *(const uint64_t *)(uintptr_t)rsp;
    if (!symbol_find(word - 1, NULL, NULL))
        return;
    print_address(word, true);
    print(" ?\n");
}

void backtrace_print_interrupted(uint64_t rip, uint64_t rsp, uint64_t frame_pointer)
{
    print("  backtrace:\n");
    print_address(rip, false);
    print("\n");
    print_word_at(rsp);
    print_callers(frame_pointer);
}
