/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Counting rounds that were missed.
 */
#include <time/rounds.h>

/* a * b / c without overflow, as long as the result and the remainder's product fit. */
static uint64_t scale(uint64_t a, uint64_t b, uint64_t c)
{
    return a / c * b + a % c * b / c;
}

void rounds_begin(struct rounds *rounds, uint64_t tick_hz, uint64_t count_hz)
{
    *rounds = (struct rounds){ .ratio = scale(tick_hz, 1 << 16, count_hz) };
}

enum rounds_verdict rounds_look(struct rounds *rounds, uint64_t tick, uint64_t count, unsigned int bits,
                                uint64_t *missed)
{
    uint64_t ticks = tick - rounds->tick, counts = count - rounds->count, round = 1ULL << bits;
    bool has_looked = rounds->has_looked;
    *missed = 0;
    rounds->tick = tick;
    rounds->count = count;
    rounds->has_looked = true;
    if (!has_looked)
        return ROUNDS_IN_TIME;
    /* It has gone back, or it stands still. */
    if ((int64_t)ticks <= 0 || rounds->ratio == 0 || ticks >> 47 != 0)
        return ROUNDS_UNKNOWN;
    uint64_t expected = (ticks << 16) / rounds->ratio;
    if (expected < counts + round / 2) {
        /* A long look teaches better, and one that may have been a round longer nothing. */
        if (counts > round / 8 && expected < round * 3 / 4 && counts < round * 3 / 4)
            rounds->ratio = (ticks << 16) / counts;
        return ROUNDS_IN_TIME;
    }
    uint64_t late = (expected - counts + round / 2) / round, found = counts + late * round;
    uint64_t distance = found > expected ? found - expected : expected - found;
    if (distance > round / 4)
        return ROUNDS_UNKNOWN;
    *missed = late;
    rounds->count += late * round;
    return ROUNDS_MISSED;
}
