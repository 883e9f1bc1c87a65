/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The encoder: codewords, their places, and the mask.
 *
 * No buffer holds the data codewords in their order: in byte mode, each is half of one byte and half of the
 * next, so codeword() computes any of them from the text, and they are stored at once where interleaving puts
 * them.
 *
 * A module belongs to a function pattern or to a codeword: is_function() decides by its place alone. So the
 * codewords are placed around the patterns, and a mask is applied and removed by the same operation, without
 * a second map of the code.
 */
#include <lib/qr_code.h>

#include <lib/string.h>

#define MASKS 8

/* Of level L, by version. Source: ISO/IEC 18004:2015, table 9. */
static const uint8_t check_codewords[QR_VERSION_MAX] = {
    7,  10, 15, 20, 26, 18, 20, 24, 30, 18, 20, 24, 26, 30, 22, 24, 28, 30, 28, 28,
    28, 28, 30, 30, 26, 28, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30,
};
#define CHECK_MAX 30
static const uint8_t blocks_of[QR_VERSION_MAX] = {
    1, 1, 1, 1,  1,  2,  2,  2,  2,  4,  4,  4,  4,  4,  6,  6,  6,  6,  7,  8,
    8, 9, 9, 10, 12, 12, 12, 13, 14, 15, 16, 17, 18, 19, 19, 20, 21, 22, 24, 25,
};

/* ---- how much fits ---- */

/* Alignment patterns are in rows and columns; their number in each. */
static unsigned int alignments(unsigned int version)
{
    return version == 1 ? 0 : version / 7 + 2;
}

/* All codewords, of data and of error correction: the modules that are in no function pattern. The
   alignment patterns have 25 modules each, but for the 5 that two of them share with each timing pattern,
   and three corners have a finder pattern instead. */
static unsigned int codewords_in(unsigned int version)
{
    unsigned int modules = (16 * version + 128) * version + 64, count = alignments(version);
    if (count > 0)
        modules -= (25 * count - 10) * count - 55;
    if (version >= 7)
        modules -= 2 * 18;
    return modules / 8;
}

static unsigned int data_codewords_in(unsigned int version)
{
    return codewords_in(version) - check_codewords[version - 1] * blocks_of[version - 1];
}

/* Half bytes of the length, which comes after the half byte of the mode. */
static unsigned int length_digits(unsigned int version)
{
    return version < 10 ? 2 : 4;
}

size_t qr_capacity(unsigned int version)
{
    return data_codewords_in(version) - (1 + length_digits(version) + 1) / 2;
}

unsigned int qr_version_for(size_t length)
{
    for (unsigned int version = 1; version <= QR_VERSION_MAX; version++)
        if (length <= qr_capacity(version))
            return version;
    return 0;
}

/* ---- codewords ---- */

struct message {
    const uint8_t *bytes;
    size_t length;
    unsigned int digits; /* of the length */
};

#define MODE_BYTES 4

/* The data as half bytes: mode, length, bytes, and a terminator of 0, which ends at a whole byte. */
static uint8_t half_byte(const struct message *message, size_t index)
{
    if (index == 0)
        return MODE_BYTES;
    index--;
    if (index < message->digits)
        return (uint8_t)(message->length >> 4 * (message->digits - 1 - index) & 0xf);
    index -= message->digits;
    if (index >= 2 * message->length)
        return 0;
    uint8_t byte = message->bytes[index / 2];
    return index % 2 == 0 ? byte >> 4 : byte & 0xf;
}

/* A data codeword; those after the terminator alternate between two values. */
static uint8_t codeword(const struct message *message, size_t index)
{
    size_t used = (1 + message->digits + 1) / 2 + message->length;
    if (index >= used)
        return (index - used) % 2 == 0 ? 0xec : 0x11;
    return (uint8_t)(half_byte(message, 2 * index) << 4 | half_byte(message, 2 * index + 1));
}

/* The product in GF(256) by x^8 + x^4 + x^3 + x^2 + 1. */
static uint8_t multiply(uint8_t a, uint8_t b)
{
    unsigned int product = 0;
    for (unsigned int bit = 8; bit-- > 0;) {
        product = product << 1 ^ (product >> 7) * 0x11d;
        product ^= (b >> bit & 1u) * a;
    }
    return (uint8_t)product;
}

/* The product of x - 2^i for i below @degree; its leading coefficient, 1, is left out. */
static void make_generator(uint8_t *generator, unsigned int degree)
{
    uint8_t root = 1;
    memset(generator, 0, degree);
    generator[degree - 1] = 1;
    for (unsigned int i = 0; i < degree; i++) {
        for (unsigned int j = 0; j < degree; j++)
            generator[j] = multiply(generator[j], root) ^ (j + 1 < degree ? generator[j + 1] : 0);
        root = multiply(root, 2);
    }
}

/* One step of the division by the generator. */
static void divide(uint8_t *remainder, const uint8_t *generator, unsigned int degree, uint8_t byte)
{
    uint8_t factor = byte ^ remainder[0];
    for (unsigned int i = 0; i < degree; i++)
        remainder[i] = (i + 1 < degree ? remainder[i + 1] : 0) ^ multiply(generator[i], factor);
}

/*
 * Blocks are as long as each other, or the first ones shorter by a data codeword. They are interleaved: the
 * first codeword of each, the second of each, and so on; the last data codewords are those of the long ones.
 */
static void make_codewords(struct qr_code *code, const struct message *message)
{
    unsigned int degree = check_codewords[code->version - 1], blocks = blocks_of[code->version - 1];
    unsigned int data = data_codewords_in(code->version), short_length = data / blocks;
    unsigned int short_blocks = blocks - data % blocks;
    uint8_t generator[CHECK_MAX], remainder[CHECK_MAX];
    size_t next = 0;
    make_generator(generator, degree);
    for (unsigned int block = 0; block < blocks; block++) {
        unsigned int length = short_length + (block >= short_blocks);
        memset(remainder, 0, degree);
        for (unsigned int i = 0; i < length; i++) {
            uint8_t byte = codeword(message, next++);
            unsigned int at = i * blocks + block - (i == short_length ? short_blocks : 0);
            code->codewords[at] = byte;
            divide(remainder, generator, degree, byte);
        }
        for (unsigned int i = 0; i < degree; i++)
            code->codewords[data + i * blocks + block] = remainder[i];
    }
}

/* ---- function patterns ---- */

static unsigned int module_index(const struct qr_code *code, unsigned int x, unsigned int y)
{
    return y * code->size + x;
}

bool qr_is_dark(const struct qr_code *code, unsigned int x, unsigned int y)
{
    unsigned int index = module_index(code, x, y);
    return code->modules[index / 8] >> index % 8 & 1;
}

static void set(struct qr_code *code, unsigned int x, unsigned int y, bool is_dark)
{
    unsigned int index = module_index(code, x, y);
    uint8_t bit = (uint8_t)(1u << index % 8);
    code->modules[index / 8] = (uint8_t)((code->modules[index / 8] & ~bit) | (is_dark ? bit : 0));
}

/* The centre of an alignment pattern's row or column: the first is 6, the others are evenly spaced from the
   last, at an even distance. Source: ISO/IEC 18004:2015, annex E. */
static unsigned int alignment_centre(const struct qr_code *code, unsigned int index)
{
    unsigned int count = alignments(code->version), last = code->size - 7u;
    if (index == 0)
        return 6;
    unsigned int step = code->version == 32 ? 26 : (last - 6 + count - 2) / (count - 1);
    step += step % 2;
    return last - (count - 1 - index) * step;
}

/* Return: the number of the row of alignment patterns that has modules at @at; alignments() if none has. */
static unsigned int alignment_at(const struct qr_code *code, unsigned int at)
{
    unsigned int index = 0;
    while (index < alignments(code->version) && at + 2 - alignment_centre(code, index) > 4)
        index++;
    return index;
}

/* Finder patterns are in three corners, and alignment patterns are not. */
static bool is_alignment(const struct qr_code *code, unsigned int x, unsigned int y)
{
    unsigned int count = alignments(code->version);
    unsigned int column = alignment_at(code, x), row = alignment_at(code, y);
    if (column == count || row == count)
        return false;
    return !(column == 0 && row == 0) && !(column == 0 && row == count - 1) &&
           !(column == count - 1 && row == 0);
}

/* Whether a module is in a function pattern, or in the information about format or version. */
static bool is_function(const struct qr_code *code, unsigned int x, unsigned int y)
{
    unsigned int far = code->size - 8u;
    if (x == 6 || y == 6 || (x <= 8 && y <= 8) || (x >= far && y <= 8) || (x <= 8 && y >= far))
        return true;
    if (code->version >= 7 && ((x >= far - 3 && y < 6) || (y >= far - 3 && x < 6)))
        return true;
    return is_alignment(code, x, y);
}

static unsigned int distance(unsigned int a, unsigned int b)
{
    return a > b ? a - b : b - a;
}

/* A square of rings around a centre: of a finder pattern (@reach 4: with its light separator) or of an
   alignment pattern (@reach 2). */
static void set_rings(struct qr_code *code, unsigned int x, unsigned int y, unsigned int reach)
{
    for (unsigned int row = y < reach ? 0 : y - reach; row <= y + reach && row < code->size; row++)
        for (unsigned int column = x < reach ? 0 : x - reach; column <= x + reach && column < code->size;
             column++) {
            unsigned int across = distance(column, x), down = distance(row, y);
            unsigned int ring = across > down ? across : down;
            set(code, column, row, reach == 2 ? ring != 1 : ring != 2 && ring != 4);
        }
}

/* 18 bits: the version, and its remainder in a BCH code. */
static void set_version(struct qr_code *code)
{
    uint32_t rest = code->version;
    if (code->version < 7)
        return;
    for (unsigned int i = 0; i < 12; i++)
        rest = rest << 1 ^ (rest >> 11) * 0x1f25;
    uint32_t bits = (uint32_t)code->version << 12 | rest;
    for (unsigned int i = 0; i < 18; i++) {
        unsigned int far = code->size - 11u + i % 3, near = i / 3;
        set(code, far, near, bits >> i & 1);
        set(code, near, far, bits >> i & 1);
    }
}

/* 15 bits, twice: level and mask, and their remainder in a BCH code; the whole is never 0. */
static void set_format(struct qr_code *code, unsigned int mask)
{
    uint32_t level_l = 1, data = level_l << 3 | mask, rest = data;
    unsigned int size = code->size;
    for (unsigned int i = 0; i < 10; i++)
        rest = rest << 1 ^ (rest >> 9) * 0x537;
    uint32_t bits = (data << 10 | rest) ^ 0x5412;
    for (unsigned int i = 0; i < 15; i++) {
        bool is_dark = bits >> i & 1;
        /* Around the first finder pattern, but not over the timing patterns... */
        if (i < 8)
            set(code, 8, i < 6 ? i : i + 1, is_dark);
        else
            set(code, i == 8 ? 7 : 14 - i, 8, is_dark);
        /* ... and beside the two others. */
        if (i < 8)
            set(code, size - 1 - i, 8, is_dark);
        else
            set(code, 8, size - 15 + i, is_dark);
    }
    set(code, 8, size - 8, true);
}

static void set_patterns(struct qr_code *code)
{
    unsigned int size = code->size, count = alignments(code->version);
    for (unsigned int i = 0; i < size; i++) {
        set(code, i, 6, i % 2 == 0);
        set(code, 6, i, i % 2 == 0);
    }
    for (unsigned int row = 0; row < count; row++)
        for (unsigned int column = 0; column < count; column++) {
            unsigned int x = alignment_centre(code, column), y = alignment_centre(code, row);
            if (is_alignment(code, x, y))
                set_rings(code, x, y, 2);
        }
    set_rings(code, 3, 3, 4);
    set_rings(code, size - 4, 3, 4);
    set_rings(code, 3, size - 4, 4);
    set_version(code);
}

/* ---- placing and masking ---- */

/* In columns of two modules from the right, up and down by turns; the timing pattern's column is skipped. The
   few modules after the last codeword are light. */
static void place_codewords(struct qr_code *code)
{
    size_t bit = 0, bits = codewords_in(code->version) * 8;
    unsigned int size = code->size;
    bool is_up = true;
    for (unsigned int right = size - 1; right < size; right -= right == 8 ? 3 : 2) {
        for (unsigned int i = 0; i < size; i++)
            for (unsigned int j = 0; j < 2; j++) {
                unsigned int x = right - j, y = is_up ? size - 1 - i : i;
                if (is_function(code, x, y))
                    continue;
                set(code, x, y, bit < bits && code->codewords[bit / 8] >> (7 - bit % 8) & 1);
                bit++;
            }
        is_up = !is_up;
    }
}

static bool mask_inverts(unsigned int mask, unsigned int x, unsigned int y)
{
    switch (mask) {
    case 0:
        return (x + y) % 2 == 0;
    case 1:
        return y % 2 == 0;
    case 2:
        return x % 3 == 0;
    case 3:
        return (x + y) % 3 == 0;
    case 4:
        return (y / 2 + x / 3) % 2 == 0;
    case 5:
        return x * y % 2 + x * y % 3 == 0;
    case 6:
        return (x * y % 2 + x * y % 3) % 2 == 0;
    default:
        return ((x + y) % 2 + x * y % 3) % 2 == 0;
    }
}

/* Applies a mask; the second time it is removed. */
static void apply_mask(struct qr_code *code, unsigned int mask)
{
    for (unsigned int y = 0; y < code->size; y++)
        for (unsigned int x = 0; x < code->size; x++)
            if (mask_inverts(mask, x, y) && !is_function(code, x, y))
                set(code, x, y, !qr_is_dark(code, x, y));
    set_format(code, mask);
}

/* Of a row, or of a column: runs of five and more of one colour, and what looks like a finder pattern beside
   four light modules. */
static unsigned int line_penalty(const struct qr_code *code, unsigned int line, bool is_column)
{
    unsigned int penalty = 0, run = 0, window = 0;
    bool last = false;
    for (unsigned int i = 0; i < code->size; i++) {
        bool is_dark = is_column ? qr_is_dark(code, line, i) : qr_is_dark(code, i, line);
        run = i > 0 && is_dark == last ? run + 1 : 1;
        last = is_dark;
        penalty += run == 5 ? 3 : run > 5;
        window = (window << 1 | is_dark) & 0x7ff;
        if (i >= 10 && (window == 0x5d0 || window == 0x05d))
            penalty += 40;
    }
    return penalty;
}

/* How far a code is from what readers find easily. Source: ISO/IEC 18004:2015, 7.8.3. */
static unsigned int penalty_of(const struct qr_code *code)
{
    unsigned int penalty = 0, dark = 0, size = code->size;
    for (unsigned int y = 0; y < size; y++) {
        penalty += line_penalty(code, y, false) + line_penalty(code, y, true);
        for (unsigned int x = 0; x < size; x++) {
            bool is_dark = qr_is_dark(code, x, y);
            dark += is_dark;
            /* Squares of two by two in one colour. */
            if (x > 0 && y > 0 && qr_is_dark(code, x - 1, y) == is_dark &&
                qr_is_dark(code, x, y - 1) == is_dark && qr_is_dark(code, x - 1, y - 1) == is_dark)
                penalty += 3;
        }
    }
    /* 10 for every 5 % that the share of dark modules is away from a half. */
    return penalty + distance(20 * dark, 10 * size * size) / (size * size) * 10;
}

status_t qr_encode(struct qr_code *code, unsigned int version, const uint8_t *bytes, size_t length)
{
    if (version < 1 || version > QR_VERSION_MAX || length > qr_capacity(version))
        return STATUS_INVALID;
    struct message message = { bytes, length, length_digits(version) };
    code->version = (uint8_t)version;
    code->size = (uint8_t)(17 + 4 * version);
    make_codewords(code, &message);
    set_patterns(code);
    place_codewords(code);

    unsigned int best = 0, least = UINT32_MAX;
    for (unsigned int mask = 0; mask < MASKS; mask++) {
        apply_mask(code, mask);
        unsigned int penalty = penalty_of(code);
        if (penalty < least) {
            least = penalty;
            best = mask;
        }
        apply_mask(code, mask);
    }
    apply_mask(code, best);
    return STATUS_OK;
}
