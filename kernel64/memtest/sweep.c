/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The loops of the memory test. A loop does a cache line of eight words at a time: it reads all of the line
 * and then writes all of it, so that each line comes from the RAM once and goes there once, in one transfer.
 * Each kind of data has loops of its own, compiled from one template: 4 instructions a word, where a call for
 * each word would cost 20.
 */
#include <memtest/sweep.h>

#include <memtest/port.h>

#define LINE       8 /* words of a cache line */
#define PAGE_WORDS (PAGE_SIZE / sizeof(uint64_t))

struct sweep {
    const struct memtest_piece *piece;
    memtest_error_fn *error;
    void *context;
};

static NOINLINE void report(const struct sweep *sweep, const uint64_t *word, uint64_t expected,
                            uint64_t found)
{
    uint64_t offset = (uint64_t)(word - sweep->piece->words) * sizeof(uint64_t);
    sweep->error(sweep->context, phys_add(sweep->piece->address, offset), expected, found);
}

static ALWAYS_INLINE void check(const struct sweep *sweep, const uint64_t *word, uint64_t expected)
{
    uint64_t found = memtest_read(word);
    if (UNLIKELY(found != expected))
        report(sweep, word, expected, found);
}

/* ---- data ---- */

static ALWAYS_INLINE uint64_t rotate(uint64_t value, unsigned int count)
{
    return value << (count & 63) | value >> (-count & 63);
}

/* The state of the word at a physical address: what the words after it follow from. */
static ALWAYS_INLINE uint64_t data_at(enum memtest_data data, uint64_t value, phys_t address)
{
    switch (data) {
    case MEMTEST_ADDRESS:
        return address.raw;
    case MEMTEST_SHIFT:
        return rotate(1, (unsigned int)(value + address.raw / sizeof(uint64_t)));
    case MEMTEST_RANDOM:
        return (value ^ address.raw) * UINT64_C(0x9e3779b97f4a7c15);
    case MEMTEST_CONSTANT:
    default:
        return value;
    }
}

/* The state for the next word. @data: a constant. Source of the multiplier: Knuth, The Art of Computer
   Programming, vol. 2, "Linear congruential generators": MMIX's. */
static ALWAYS_INLINE uint64_t data_next(enum memtest_data data, uint64_t state)
{
    switch (data) {
    case MEMTEST_ADDRESS:
        return state + sizeof(uint64_t);
    case MEMTEST_SHIFT:
        return rotate(state, 1);
    case MEMTEST_RANDOM:
        return state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    case MEMTEST_CONSTANT:
    default:
        return state;
    }
}

/* The state for the word before. Random data are not read downwards. */
static ALWAYS_INLINE uint64_t data_previous(enum memtest_data data, uint64_t state)
{
    switch (data) {
    case MEMTEST_ADDRESS:
        return state - sizeof(uint64_t);
    case MEMTEST_SHIFT:
        return rotate(state, 63);
    case MEMTEST_RANDOM:
    case MEMTEST_CONSTANT:
    default:
        return state;
    }
}

/* The word of a state. The lower bits of a linear congruential generator have short periods. */
static ALWAYS_INLINE uint64_t data_word(enum memtest_data data, uint64_t state)
{
    return data == MEMTEST_RANDOM ? state ^ state >> 32 : state;
}

/* Data whose complement is the data of the complemented state: the inversion costs nothing for each word. */
static ALWAYS_INLINE bool is_inverted_by_state(enum memtest_data data)
{
    return data == MEMTEST_CONSTANT || data == MEMTEST_SHIFT;
}

/* ---- pages ---- */

/* Fills or checks a page, or checks and inverts it upwards; @data and @action are constants here. Random data
   begin anew in each page, and for the others that costs nothing. */
static ALWAYS_INLINE void do_page(const struct sweep *sweep, uint64_t *words, phys_t address,
                                  const struct memtest_step *step, enum memtest_data data,
                                  enum memtest_action action)
{
    uint64_t invert = is_inverted_by_state(data) ? 0 : step->invert;
    uint64_t state = data_at(data, step->value, address) ^ (is_inverted_by_state(data) ? step->invert : 0);
    for (uint64_t *line = words; line < words + PAGE_WORDS; line += LINE) {
        uint64_t complement = ~state, written[LINE];
        memtest_forget();
        for (unsigned int i = 0; i < LINE; i++) {
            uint64_t word = data_word(data, state) ^ invert;
            state = data_next(data, state);
            written[i] = ~word;
            if (action == MEMTEST_FILL)
                memtest_write(&line[i], word);
            else
                check(sweep, &line[i], word);
        }
        for (unsigned int i = 0; i < LINE && action == MEMTEST_INVERT_UP; i++) {
            memtest_write(&line[i], is_inverted_by_state(data) ? complement : written[i]);
            complement = data_next(data, complement);
        }
    }
}

static ALWAYS_INLINE void invert_page_down(const struct sweep *sweep, uint64_t *words, phys_t address,
                                           const struct memtest_step *step, enum memtest_data data)
{
    phys_t last = phys_add(address, PAGE_SIZE - sizeof(uint64_t));
    uint64_t state = data_at(data, step->value, last) ^ step->invert;
    for (uint64_t *line = words + PAGE_WORDS - LINE; line >= words; line -= LINE) {
        uint64_t complement = ~state;
        memtest_forget();
        for (unsigned int i = LINE; i-- > 0;) {
            check(sweep, &line[i], state);
            state = data_previous(data, state);
        }
        for (unsigned int i = LINE; i-- > 0;) {
            memtest_write(&line[i], complement);
            complement = data_previous(data, complement);
        }
    }
}

static ALWAYS_INLINE phys_t address_of(const struct memtest_piece *piece, uint64_t word)
{
    return phys_add(piece->address, word * sizeof(uint64_t));
}

/* All pages of a piece, in the direction of the action. */
#define EACH_PAGE_UP(piece, do_it)                                                                           \
    for (uint64_t at = 0; at < (piece)->count; at += PAGE_WORDS) {                                           \
        uint64_t *words = (piece)->words + at;                                                               \
        phys_t address = address_of(piece, at);                                                              \
        do_it;                                                                                               \
    }
#define EACH_PAGE_DOWN(piece, do_it)                                                                         \
    for (uint64_t at = (piece)->count; at > 0;) {                                                            \
        at -= PAGE_WORDS;                                                                                    \
        uint64_t *words = (piece)->words + at;                                                               \
        phys_t address = address_of(piece, at);                                                              \
        do_it;                                                                                               \
    }

/* One function for each pair that a pattern has. */
#define SWEEP_UP(name, data, action)                                                                         \
    static NOINLINE void name(const struct sweep *sweep, const struct memtest_step *step)                    \
    {                                                                                                        \
        EACH_PAGE_UP(sweep->piece, do_page(sweep, words, address, step, data, action))                       \
    }
#define SWEEP_DOWN(name, data)                                                                               \
    static NOINLINE void name(const struct sweep *sweep, const struct memtest_step *step)                    \
    {                                                                                                        \
        EACH_PAGE_DOWN(sweep->piece, invert_page_down(sweep, words, address, step, data))                    \
    }

SWEEP_UP(fill_constant, MEMTEST_CONSTANT, MEMTEST_FILL)
SWEEP_UP(check_constant, MEMTEST_CONSTANT, MEMTEST_CHECK)
SWEEP_UP(invert_constant, MEMTEST_CONSTANT, MEMTEST_INVERT_UP)
SWEEP_DOWN(invert_constant_down, MEMTEST_CONSTANT)
SWEEP_UP(fill_address, MEMTEST_ADDRESS, MEMTEST_FILL)
SWEEP_UP(check_address, MEMTEST_ADDRESS, MEMTEST_CHECK)
SWEEP_UP(fill_shift, MEMTEST_SHIFT, MEMTEST_FILL)
SWEEP_UP(check_shift, MEMTEST_SHIFT, MEMTEST_CHECK)
SWEEP_UP(invert_shift, MEMTEST_SHIFT, MEMTEST_INVERT_UP)
SWEEP_DOWN(invert_shift_down, MEMTEST_SHIFT)
SWEEP_UP(fill_random, MEMTEST_RANDOM, MEMTEST_FILL)
SWEEP_UP(check_random, MEMTEST_RANDOM, MEMTEST_CHECK)
SWEEP_UP(invert_random, MEMTEST_RANDOM, MEMTEST_INVERT_UP)

/* ---- modulo ---- */

/* The first word of a piece, or from @at on, whose number, of all words of the machine, is @offset modulo
   MEMTEST_MODULO. */
static uint64_t first_of_every(const struct memtest_piece *piece, unsigned int offset)
{
    uint64_t number = piece->address.raw / sizeof(uint64_t) % MEMTEST_MODULO;
    return (offset + MEMTEST_MODULO - number) % MEMTEST_MODULO;
}

static NOINLINE void fill_every(const struct sweep *sweep, const struct memtest_step *step)
{
    const struct memtest_piece *piece = sweep->piece;
    uint64_t word = step->value ^ step->invert;
    for (uint64_t at = first_of_every(piece, step->count); at < piece->count; at += MEMTEST_MODULO)
        memtest_write(&piece->words[at], word);
}

static NOINLINE void check_every(const struct sweep *sweep, const struct memtest_step *step)
{
    const struct memtest_piece *piece = sweep->piece;
    uint64_t word = step->value ^ step->invert;
    for (uint64_t at = first_of_every(piece, step->count); at < piece->count; at += MEMTEST_MODULO)
        check(sweep, &piece->words[at], word);
}

static NOINLINE void fill_rest(const struct sweep *sweep, const struct memtest_step *step)
{
    const struct memtest_piece *piece = sweep->piece;
    uint64_t word = ~(step->value ^ step->invert), at = 0, first = first_of_every(piece, step->count);
    for (; at < first; at++)
        memtest_write(&piece->words[at], word);
    for (; at + MEMTEST_MODULO <= piece->count; at += MEMTEST_MODULO) {
        uint64_t *words = &piece->words[at];
#pragma GCC unroll 20
        for (unsigned int i = 1; i < MEMTEST_MODULO; i++)
            memtest_write(&words[i], word);
    }
    for (at++; at < piece->count; at++)
        memtest_write(&piece->words[at], word);
}

/* ---- block move ---- */

/* What line @line of a piece is filled with: half of its words are the complement of the other half. */
static ALWAYS_INLINE uint64_t block_word(uint64_t line)
{
    uint64_t word = (line + 1) * UINT64_C(0x9e3779b97f4a7c15);
    return word ^ word >> 32; /* lower bits would change too seldom */
}

static NOINLINE void fill_blocks(const struct sweep *sweep, const struct memtest_step *step)
{
    const struct memtest_piece *piece = sweep->piece;
    (void)step;
    for (uint64_t at = 0; at < piece->count; at += LINE)
        for (unsigned int i = 0; i < LINE; i++)
            memtest_write(&piece->words[at + i], block_word(at / LINE) ^ (i < LINE / 2 ? 0 : UINT64_MAX));
}

/* The upper half becomes what the lower one was, and the lower half the same, rotated by a line. */
static NOINLINE void move_blocks(const struct sweep *sweep, const struct memtest_step *step)
{
    uint64_t half = sweep->piece->count / 2, *lower = sweep->piece->words, *upper = lower + half;
    (void)step;
    memtest_copy(upper, lower, half);
    memtest_copy(lower + LINE, upper, half - LINE);
    memtest_copy(lower, upper + half - LINE, LINE);
}

/* Source and line: after n moves the lower half is rotated by n lines, and the upper one by n - 1. */
static NOINLINE void check_blocks(const struct sweep *sweep, const struct memtest_step *step)
{
    const struct memtest_piece *piece = sweep->piece;
    uint64_t lines = piece->count / 2 / LINE;
    for (unsigned int half = 0; half < 2; half++) {
        uint64_t from = (lines - (step->count - half) % lines) % lines;
        const uint64_t *words = piece->words + half * lines * LINE;
        for (uint64_t line = 0; line < lines; line++, words += LINE) {
            uint64_t word = block_word(from);
            from = from + 1 < lines ? from + 1 : 0;
            memtest_forget();
            for (unsigned int i = 0; i < LINE; i++)
                check(sweep, &words[i], i < LINE / 2 ? word : ~word);
        }
    }
}

/* ---- address lines ---- */

/* The block's first word, and those at a single bit's distance from it. */
static uint64_t next_word(uint64_t number)
{
    return number ? 2 * number : 1;
}

/* For each pair of these words: what is written to the second must not change the first. The first word of
   the block is one of them, which is what a line that is stuck is found by. */
static NOINLINE void walk_address_lines(const struct sweep *sweep, const struct memtest_step *step)
{
    const struct memtest_piece *piece = sweep->piece;
    for (uint64_t first = 0; first < piece->count; first = next_word(first)) {
        uint64_t word = address_of(piece, first).raw ^ step->invert;
        memtest_write(&piece->words[first], word);
        for (uint64_t second = 0; second < piece->count; second = next_word(second)) {
            uint64_t other = ~step->invert ^ address_of(piece, second).raw;
            if (second == first)
                continue;
            memtest_write(&piece->words[second], other);
            memtest_fence();
            check(sweep, &piece->words[first], word);
            memtest_write(&piece->words[first], word);
        }
    }
}

/* ---- all ---- */

enum memtest_size memtest_action_size(enum memtest_action action)
{
    switch (action) {
    case MEMTEST_FILL_BLOCKS:
    case MEMTEST_MOVE:
    case MEMTEST_CHECK_BLOCKS:
        return MEMTEST_BLOCKS;
    case MEMTEST_WALK:
        return MEMTEST_WHOLE;
    case MEMTEST_WAIT:
        return MEMTEST_NONE;
    default:
        return MEMTEST_ANY;
    }
}

typedef void sweep_fn(const struct sweep *sweep, const struct memtest_step *step);

void memtest_sweep(const struct memtest_step *step, const struct memtest_piece *piece,
                   memtest_error_fn *error, void *context)
{
    /* By action; by data where it depends on them. NULL: no pattern has it. */
    static sweep_fn *const by_data[][4] = {
        [MEMTEST_FILL] = { fill_constant, fill_address, fill_shift, fill_random },
        [MEMTEST_CHECK] = { check_constant, check_address, check_shift, check_random },
        [MEMTEST_INVERT_UP] = { invert_constant, NULL, invert_shift, invert_random },
        [MEMTEST_INVERT_DOWN] = { invert_constant_down, NULL, invert_shift_down, NULL },
    };
    static sweep_fn *const by_action[MEMTEST_ACTIONS] = {
        [MEMTEST_FILL_EVERY] = fill_every,   [MEMTEST_FILL_REST] = fill_rest,
        [MEMTEST_CHECK_EVERY] = check_every, [MEMTEST_FILL_BLOCKS] = fill_blocks,
        [MEMTEST_MOVE] = move_blocks,        [MEMTEST_CHECK_BLOCKS] = check_blocks,
        [MEMTEST_WALK] = walk_address_lines,
    };
    struct sweep sweep = { .piece = piece, .error = error, .context = context };
    sweep_fn *function =
        step->action < ARRAY_LEN(by_data) ? by_data[step->action][step->data] : by_action[step->action];
    if (function)
        function(&sweep, step);
    memtest_fence();
}
