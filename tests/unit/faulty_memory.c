/* SPDX-License-Identifier: BSD-2-Clause */
/* See faulty_memory.h. A word's cell is found, and the fault applied, at each access. */
#include "faulty_memory.h"

#include <memtest/port.h>

static uint64_t cells[FAULTY_WORDS] ALIGNED(4096);
static struct fault fault;
static uint64_t reads, writes;

uint64_t *faulty_words(void)
{
    return cells;
}

void faulty_plant(const struct fault *planted)
{
    fault = *planted;
    for (size_t i = 0; i < FAULTY_WORDS; i++)
        cells[i] = 0;
    reads = writes = 0;
}

static void set_bit(uint64_t *word, uint64_t bit, uint64_t value)
{
    *word = (*word & ~(UINT64_C(1) << bit)) | value << bit;
}

void faulty_wait(void)
{
    if (fault.kind == FAULT_RETENTION)
        set_bit(&cells[fault.word], fault.bit, fault.value);
}

static uint64_t cell_of(const uint64_t *word)
{
    uint64_t number = (uint64_t)(word - cells);
    return fault.kind == FAULT_ADDRESS ? number & ~(UINT64_C(1) << fault.bit) : number;
}

uint64_t memtest_read(const uint64_t *word)
{
    uint64_t number = cell_of(word), value = cells[number];
    reads++;
    if (fault.kind == FAULT_STUCK && number == fault.word)
        set_bit(&value, fault.bit, fault.value);
    return value;
}

void memtest_write(uint64_t *word, uint64_t value)
{
    uint64_t number = cell_of(word), old = cells[number];
    writes++;
    cells[number] = value;
    if (fault.kind == FAULT_COUPLING && number == fault.by_word && ((old ^ value) >> fault.by_bit & 1) &&
        (value >> fault.by_bit & 1) == fault.value)
        cells[fault.word] ^= UINT64_C(1) << fault.bit;
}

uint64_t faulty_reads(void)
{
    return reads;
}

uint64_t faulty_writes(void)
{
    return writes;
}
