/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `plant`, for tests/boot: breaks a bit of free memory for the memory test, which finds it stuck whenever it
 * reads there. QEMU cannot fail memory.
 */
#include <ashlar/command.h>
#include <ashlar/mm/buddy.h>
#include <ashlar/mm/port.h>

#include <log/arguments.h>
#include <log/print.h>
#include <memtest/run.h>
#include <memtest/sweep.h>

/* Above what CPUs' caches hold, so that it stays free. */
#define ORDER  10
#define PLANTS 16

static struct {
    phys_t address; /* of the word */
    uint64_t bit, value;
} plants[PLANTS];
static unsigned int count;

static bool is_written_only(enum memtest_action action)
{
    return action == MEMTEST_FILL || action == MEMTEST_FILL_EVERY || action == MEMTEST_FILL_REST ||
           action == MEMTEST_FILL_BLOCKS;
}

void memtest_spoil(const struct memtest_step *step, const struct memtest_piece *piece)
{
    for (unsigned int i = 0; i < count; i++) {
        uint64_t number = phys_distance(piece->address, plants[i].address) / sizeof(uint64_t);
        if (phys_is_below(plants[i].address, piece->address) || number >= piece->count ||
            is_written_only(step->action))
            continue;
        uint64_t mask = UINT64_C(1) << plants[i].bit;
        piece->words[number] = plants[i].value ? piece->words[number] | mask : piece->words[number] & ~mask;
    }
}

static status_t command_plant(int argc, char **argv)
{
    uint64_t bit, value;
    if (!arguments_count(argc, argv, 2, 2) || !argument_number(argv[1], "a bit", 0, 63, &bit) ||
        !argument_number(argv[2], "a bit's value", 0, 1, &value))
        return STATUS_INVALID;
    if (count == PLANTS)
        return STATUS_BUSY;
    phys_t block = buddy_alloc(ORDER, 0);
    if (!phys_is_valid(block))
        return STATUS_NO_MEMORY;
    buddy_free(block, ORDER);
    plants[count].address = phys_add(block, 3 * PAGE_SIZE + 8 * 77);
    plants[count].bit = bit;
    plants[count++].value = value;
    print("planted: P%#lx bit %lu reads as %lu\n", plants[count - 1].address.raw, bit, value);
    return STATUS_OK;
}
COMMAND(plant, command_plant, .group = GROUP_TESTS, .arguments = "BIT 0|1",
        .help = "for the memory test: a bit of free memory is stuck", .example = "plant 5 1",
        .see_also = "memtest");
