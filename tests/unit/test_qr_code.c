/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kernel64/lib/qr_code.c, read back by a reader that shares nothing with it: it finds what is no codeword
 * from a list of rectangles, and checks blocks by their syndromes. So a module in a wrong place, which a
 * camera's reader would correct in silence, is a failure here. tests/boot/test_save.py has another program
 * read codes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <ashlar/bits.h>
#include <lib/qr_code.h>
#include <string.h>

static struct qr_code code;

/* ---- the reader ---- */

/* Centres of alignment patterns, from annex E of the standard, for the versions that are read. */
static const struct known {
    unsigned int version, capacity, blocks, check;
    uint8_t centres[8];
} known[] = {
    { 1, 17, 1, 7, { 0 } },
    { 2, 32, 1, 10, { 6, 18 } },
    { 5, 106, 1, 26, { 6, 30 } },
    { 6, 134, 2, 18, { 6, 34 } },
    { 7, 154, 2, 20, { 6, 22, 38 } },
    { 9, 230, 2, 30, { 6, 26, 46 } },
    { 10, 271, 4, 18, { 6, 28, 50 } },
    { 14, 458, 4, 30, { 6, 26, 46, 66 } },
    { 15, 520, 6, 22, { 6, 26, 48, 70 } },
    { 22, 1003, 9, 28, { 6, 26, 50, 74, 98 } },
    { 28, 1528, 13, 30, { 6, 26, 50, 74, 98, 122 } },
    { 32, 1952, 17, 30, { 6, 34, 60, 86, 112, 138 } },
    { 36, 2431, 20, 30, { 6, 24, 50, 76, 102, 128, 154 } },
    { 40, 2953, 25, 30, { 6, 30, 58, 86, 114, 142, 170 } },
};

static bool is_in(unsigned int x, unsigned int y, unsigned int left, unsigned int top, unsigned int width,
                  unsigned int height)
{
    return x - left < width && y - top < height;
}

static bool is_data(const struct known *k, unsigned int x, unsigned int y)
{
    unsigned int size = code.size, count = (unsigned int)strlen((const char *)k->centres);
    if (x == 6 || y == 6 || is_in(x, y, 0, 0, 9, 9) || is_in(x, y, size - 8, 0, 8, 9) ||
        is_in(x, y, 0, size - 8, 9, 8))
        return false;
    if (k->version >= 7 && (is_in(x, y, size - 11, 0, 3, 6) || is_in(x, y, 0, size - 11, 6, 3)))
        return false;
    for (unsigned int i = 0; i < count; i++)
        for (unsigned int j = 0; j < count; j++) {
            bool is_corner = (i == 0 && j == 0) || (i == 0 && j == count - 1) || (i == count - 1 && j == 0);
            if (!is_corner && is_in(x, y, k->centres[i] - 2u, k->centres[j] - 2u, 5, 5))
                return false;
        }
    return true;
}

static bool is_inverted(unsigned int mask, unsigned int i, unsigned int j)
{
    const bool conditions[] = {
        (i + j) % 2 == 0,
        i % 2 == 0,
        j % 3 == 0,
        (i + j) % 3 == 0,
        (i / 2 + j / 3) % 2 == 0,
        i * j % 2 + i * j % 3 == 0,
        (i * j % 2 + i * j % 3) % 2 == 0,
        ((i + j) % 2 + i * j % 3) % 2 == 0,
    };
    return conditions[mask];
}

/* Both copies, from the bit next to the timing pattern's row on. Return: the mask. */
static unsigned int read_format(void)
{
    /* Of level L and masks 0 to 7, from table C.1 of the standard. */
    static const uint16_t formats[] = { 0x77c4, 0x72f3, 0x7daa, 0x789d, 0x662f, 0x6318, 0x6c41, 0x6976 };
    static const uint8_t along[15] = { 0, 1, 2, 3, 4, 5, 7, 8, 8, 8, 8, 8, 8, 8, 8 };
    unsigned int first = 0, second = 0, mask = 0;
    for (unsigned int i = 0; i < 15; i++) {
        /* Bit 14 - i: row 8 from the left, then column 8 upwards. */
        static const uint8_t up[15] = { 8, 8, 8, 8, 8, 8, 8, 8, 7, 5, 4, 3, 2, 1, 0 };
        first = first << 1 | qr_is_dark(&code, along[i], up[i]);
        second = second << 1 | (i < 7 ? qr_is_dark(&code, 8, code.size - 1u - i)
                                      : qr_is_dark(&code, code.size - 15u + i, 8));
    }
    assert_int_equal(first, second);
    while (mask < 8 && formats[mask] != first)
        mask++;
    assert_true(mask < 8);
    return mask;
}

static uint8_t logs[256], powers[255];

static void fill_powers(void)
{
    unsigned int value = 1;
    for (unsigned int i = 0; i < 255; i++) {
        powers[i] = (uint8_t)value;
        logs[value] = (uint8_t)i;
        value = value << 1 ^ (value & 0x80 ? 0x11d : 0);
    }
}

static void check_syndromes(const uint8_t *block, unsigned int length, unsigned int check)
{
    for (unsigned int root = 0; root < check; root++) {
        uint8_t sum = 0;
        for (unsigned int i = 0; i < length; i++)
            sum = (sum ? powers[(logs[sum] + root) % 255] : 0) ^ block[i];
        assert_int_equal(sum, 0);
    }
}

/* Reads the code's codewords, checks each block, and puts their data into @text. Return: the length. */
static size_t read_code(const struct known *k, uint8_t *text)
{
    static uint8_t words[QR_CODEWORDS_MAX], block[256], data[QR_CODEWORDS_MAX];
    unsigned int mask = read_format(), bits = 0, x = code.size - 1u, count = 0;
    memset(words, 0, sizeof(words));
    for (int up = 1; x != 0 && x != UINT32_MAX; x -= 2, up = !up) {
        if (x == 6)
            x--;
        for (unsigned int i = 0; i < code.size; i++)
            for (unsigned int j = 0; j < 2; j++) {
                unsigned int row = up ? code.size - 1u - i : i, column = x - j;
                if (!is_data(k, column, row))
                    continue;
                bool is_dark = qr_is_dark(&code, column, row) != is_inverted(mask, row, column);
                if (bits / 8 < sizeof(words))
                    words[bits / 8] = (uint8_t)(words[bits / 8] | is_dark << (7 - bits % 8));
                bits++;
            }
    }
    unsigned int all = bits / 8, short_length = all / k->blocks - k->check;
    unsigned int short_blocks = k->blocks - all % k->blocks;
    for (unsigned int b = 0; b < k->blocks; b++) {
        unsigned int length = 0;
        for (unsigned int i = 0; i < short_length; i++)
            block[length++] = words[i * k->blocks + b];
        if (b >= short_blocks)
            block[length++] = words[short_length * k->blocks + b - short_blocks];
        memcpy(data + count, block, length);
        count += length;
        for (unsigned int i = 0; i < k->check; i++)
            block[length++] = words[all - k->check * k->blocks + i * k->blocks + b];
        check_syndromes(block, length, k->check);
    }
    /* Four bits of mode, then the length, then the bytes. */
    size_t at = k->version < 10 ? 1 : 2, length = data[0] & 0xf;
    assert_int_equal(data[0] >> 4, 4);
    for (size_t i = 1; i < at; i++)
        length = length << 8 | data[i];
    length = length << 4 | data[at] >> 4;
    for (size_t i = 0; i < length; i++)
        text[i] = (uint8_t)(data[at + i] << 4 | data[at + i + 1] >> 4);
    assert_int_equal(data[at + length] & 0xf, 0);
    for (size_t i = at + length + 1, even = 1; i < count; i++, even = !even)
        assert_int_equal(data[i], even ? 0xec : 0x11);
    return length;
}

/* ---- tests ---- */

static uint8_t text[QR_CODEWORDS_MAX], found[QR_CODEWORDS_MAX];

static void check_length(const struct known *k, size_t length)
{
    for (size_t i = 0; i < length; i++)
        text[i] = (uint8_t)(i * 131 + length + (i >> 8));
    assert_int_equal(qr_encode(&code, k->version, text, length), STATUS_OK);
    assert_int_equal(code.size, 17 + 4 * k->version);
    assert_int_equal(read_code(k, found), length);
    assert_memory_equal(found, text, length);
}

static void a_text_is_read_back_from_every_kind_of_version(void **state)
{
    (void)state;
    fill_powers();
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        size_t capacity = qr_capacity(known[i].version);
        assert_int_equal(capacity, known[i].capacity);
        check_length(&known[i], capacity);
        check_length(&known[i], capacity - 1);
        check_length(&known[i], capacity - 2);
        check_length(&known[i], capacity / 2);
        check_length(&known[i], 0);
    }
}

static void check_finder(unsigned int left, unsigned int top)
{
    static const char *const rows[] = { "#######", "#     #", "# ### #", "# ### #",
                                        "# ### #", "#     #", "#######" };
    for (unsigned int y = 0; y < 7; y++)
        for (unsigned int x = 0; x < 7; x++)
            assert_int_equal(qr_is_dark(&code, left + x, top + y), rows[y][x] == '#');
}

/* What a reader needs to find the code, and never corrects. */
static void every_version_has_its_patterns(void **state)
{
    (void)state;
    for (unsigned int version = 1; version <= QR_VERSION_MAX; version++) {
        assert_int_equal(qr_encode(&code, version, (const uint8_t *)"text", 4), STATUS_OK);
        unsigned int size = code.size;
        check_finder(0, 0);
        check_finder(size - 7, 0);
        check_finder(0, size - 7);
        for (unsigned int i = 0; i < 8; i++) {
            assert_false(qr_is_dark(&code, i, 7) || qr_is_dark(&code, 7, i));
            assert_false(qr_is_dark(&code, size - 8 + i, 7) || qr_is_dark(&code, size - 8, i));
            assert_false(qr_is_dark(&code, i, size - 8) || qr_is_dark(&code, 7, size - 8 + i));
        }
        for (unsigned int i = 8; i < size - 8; i++) {
            assert_int_equal(qr_is_dark(&code, i, 6), i % 2 == 0);
            assert_int_equal(qr_is_dark(&code, 6, i), i % 2 == 0);
        }
        assert_true(qr_is_dark(&code, 8, size - 8));
    }
}

/* Source: ISO/IEC 18004:2015, table D.1. */
static void the_version_is_written_twice(void **state)
{
    static const struct {
        unsigned int version;
        uint32_t bits;
    } cases[] = { { 7, 0x07c94 }, { 8, 0x085bc }, { 21, 0x15683 }, { 32, 0x209d5 }, { 40, 0x28c69 } };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint32_t right = 0, below = 0;
        assert_int_equal(qr_encode(&code, cases[i].version, (const uint8_t *)"", 0), STATUS_OK);
        for (unsigned int bit = 18; bit-- > 0;) {
            right = right << 1 | qr_is_dark(&code, code.size - 11u + bit % 3, bit / 3);
            below = below << 1 | qr_is_dark(&code, bit / 3, code.size - 11u + bit % 3);
        }
        assert_int_equal(right, cases[i].bits);
        assert_int_equal(below, cases[i].bits);
    }
}

/* Text of one letter, which would be stripes under some masks: about half of the modules are dark. */
static void the_mask_balances_dark_and_light(void **state)
{
    (void)state;
    for (unsigned int letter = 0; letter < 256; letter += 15) {
        unsigned int dark = 0, all = 0;
        memset(text, (int)letter, 1000);
        assert_int_equal(qr_encode(&code, 22, text, 1000), STATUS_OK);
        for (unsigned int y = 0; y < code.size; y++)
            for (unsigned int x = 0; x < code.size; x++, all++)
                dark += qr_is_dark(&code, x, y);
        assert_in_range(dark * 100 / all, 45, 55);
    }
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    assert_int_equal(qr_version_for(0), 1);
    assert_int_equal(qr_version_for(17), 1);
    assert_int_equal(qr_version_for(18), 2);
    assert_int_equal(qr_version_for(2953), 40);
    assert_int_equal(qr_version_for(2954), 0);
    assert_int_equal(qr_encode(&code, 1, text, 18), STATUS_INVALID);
    assert_int_equal(qr_encode(&code, 40, text, 2954), STATUS_INVALID);
    assert_int_equal(qr_encode(&code, 0, text, 1), STATUS_INVALID);
    assert_int_equal(qr_encode(&code, 41, text, 1), STATUS_INVALID);
    assert_int_equal(qr_encode(&code, 10, text, SIZE_MAX), STATUS_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_is_read_back_from_every_kind_of_version),
        cmocka_unit_test(every_version_has_its_patterns),
        cmocka_unit_test(the_version_is_written_twice),
        cmocka_unit_test(the_mask_balances_dark_and_light),
        cmocka_unit_test(what_does_not_fit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
