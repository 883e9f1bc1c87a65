/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The patterns, as tables. A pattern is a number of rounds of the same actions, each round with other data.
 * They are those of memtest86+ 6, with a last check after each march, because what the march wrote last would
 * otherwise not be read.
 */
#include <memtest/pattern.h>

#include <ashlar/prng.h>

static const uint8_t walk[] = { MEMTEST_WALK };
static const uint8_t address[] = { MEMTEST_FILL, MEMTEST_CHECK };
static const uint8_t march[] = { MEMTEST_FILL, MEMTEST_INVERT_UP, MEMTEST_INVERT_DOWN, MEMTEST_CHECK };
static const uint8_t march_twice[] = { MEMTEST_FILL,      MEMTEST_INVERT_UP,   MEMTEST_INVERT_DOWN,
                                       MEMTEST_INVERT_UP, MEMTEST_INVERT_DOWN, MEMTEST_CHECK };
static const uint8_t sequence[] = { MEMTEST_FILL, MEMTEST_INVERT_UP, MEMTEST_INVERT_UP, MEMTEST_CHECK };
static const uint8_t modulo[] = { MEMTEST_FILL_EVERY, MEMTEST_FILL_REST, MEMTEST_FILL_REST,
                                  MEMTEST_CHECK_EVERY };
static const uint8_t fade[] = { MEMTEST_FILL, MEMTEST_WAIT, MEMTEST_CHECK };

/* One fill, MOVES moves, one check. */
#define MOVES 24
static const uint8_t move[2 + MOVES] = { [0] = MEMTEST_FILL_BLOCKS,
                                         [1 ... MOVES] = MEMTEST_MOVE,
                                         [1 + MOVES] = MEMTEST_CHECK_BLOCKS };

/* What the rounds of a pattern differ by. Every other one has the complement of the one before it, but with
   VALUES_FIXED_RANDOM. */
enum values {
    VALUES_ONES,         /* all zeros, all ones */
    VALUES_BYTES,        /* a bit of each byte, from bit 7 down */
    VALUES_FIXED_RANDOM, /* a random word, for all of the memory */
    VALUES_OFFSETS,      /* the number of the pair of rounds */
    VALUES_MODULO,       /* a random word, and the number of the pair of rounds as an offset */
    VALUES_SEEDS,        /* a seed of the data */
};

#define PROGRAM(actions) actions, sizeof(actions)

static const struct pattern {
    const char *name, *words;
    const uint8_t *actions;
    uint8_t length, rounds;
    enum memtest_data data;
    enum values values;
} patterns[] = {
    { "walk", "address lines, walking ones", PROGRAM(walk), 2, MEMTEST_ADDRESS, VALUES_ONES },
    { "address", "each word its own address", PROGRAM(address), 2, MEMTEST_ADDRESS, VALUES_ONES },
    { "inversions", "moving inversions, ones and zeros", PROGRAM(march_twice), 2, MEMTEST_CONSTANT,
      VALUES_ONES },
    { "bytes", "moving inversions, 8 bits walking", PROGRAM(march), 16, MEMTEST_CONSTANT, VALUES_BYTES },
    { "random", "moving inversions, random words", PROGRAM(march_twice), 10, MEMTEST_CONSTANT,
      VALUES_FIXED_RANDOM },
    { "shift", "moving inversions, 64 bits shifting", PROGRAM(march), 128, MEMTEST_SHIFT, VALUES_OFFSETS },
    { "move", "block move", PROGRAM(move), 1, MEMTEST_CONSTANT, VALUES_ONES },
    { "sequence", "random number sequence", PROGRAM(sequence), 16, MEMTEST_RANDOM, VALUES_SEEDS },
    { "modulo", "modulo 20, random words", PROGRAM(modulo), 2 * MEMTEST_MODULO, MEMTEST_CONSTANT,
      VALUES_MODULO },
    { "fade", "bit fade, zeros and ones", PROGRAM(fade), 2, MEMTEST_CONSTANT, VALUES_ONES },
};

_Static_assert(ARRAY_LEN(patterns) == MEMTEST_PATTERNS, "MEMTEST_PATTERNS is not their number");

const char *memtest_pattern_name(unsigned int pattern)
{
    return pattern < MEMTEST_PATTERNS ? patterns[pattern].name : NULL;
}

const char *memtest_pattern_words(unsigned int pattern)
{
    return pattern < MEMTEST_PATTERNS ? patterns[pattern].words : NULL;
}

unsigned int memtest_pattern_steps(unsigned int pattern)
{
    return (unsigned int)patterns[pattern].rounds * patterns[pattern].length;
}

/* The number of a round, mixed with the seed. */
static uint64_t random_word(uint64_t seed, unsigned int round)
{
    uint64_t state = (seed ^ (round + 1) * UINT64_C(0x9e3779b97f4a7c15)) | 1;
    (void)prng_next(&state);
    return prng_next(&state);
}

static uint64_t value_of(const struct pattern *pattern, unsigned int round, uint64_t seed)
{
    switch (pattern->values) {
    case VALUES_BYTES:
        return UINT64_C(0x8080808080808080) >> round / 2;
    case VALUES_FIXED_RANDOM:
    case VALUES_SEEDS:
        return random_word(seed, round);
    case VALUES_MODULO:
        return random_word(seed, round / 2);
    case VALUES_OFFSETS:
        return round / 2;
    case VALUES_ONES:
    default:
        return 0;
    }
}

struct memtest_step memtest_pattern_step(unsigned int number, unsigned int index, uint64_t seed)
{
    const struct pattern *pattern = &patterns[number];
    unsigned int round = index / pattern->length, position = index % pattern->length;
    bool is_pair = pattern->values != VALUES_FIXED_RANDOM && pattern->values != VALUES_SEEDS;
    struct memtest_step step = {
        .action = (enum memtest_action)pattern->actions[position],
        .data = pattern->data,
        .value = value_of(pattern, round, seed),
        .invert = is_pair && round % 2 ? UINT64_MAX : 0,
        .count = pattern->values == VALUES_MODULO ? round / 2 : MOVES,
    };
    for (unsigned int i = 0; i < position; i++)
        if (pattern->actions[i] == MEMTEST_INVERT_UP || pattern->actions[i] == MEMTEST_INVERT_DOWN)
            step.invert = ~step.invert;
    return step;
}

unsigned int memtest_action_traffic(enum memtest_action action)
{
    static const uint8_t twentieths[MEMTEST_ACTIONS] = {
        [MEMTEST_FILL] = 20,         [MEMTEST_CHECK] = 20,       [MEMTEST_INVERT_UP] = 40,
        [MEMTEST_INVERT_DOWN] = 40,  [MEMTEST_FILL_EVERY] = 1,   [MEMTEST_FILL_REST] = 19,
        [MEMTEST_CHECK_EVERY] = 1,   [MEMTEST_FILL_BLOCKS] = 20, [MEMTEST_MOVE] = 40,
        [MEMTEST_CHECK_BLOCKS] = 20,
    };
    return twentieths[action];
}
