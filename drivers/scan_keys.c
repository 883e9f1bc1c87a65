/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Decoder of a PC keyboard's scan codes, set 1.
 *
 * A code below 0x80 is a key press, the same with bit 7 set its release. Keys that the first PC did not have
 * send 0xe0 before the code of the old key with the same meaning; around some of them the keyboard sends fake
 * Shift presses and releases (0xe0 0x2a and the like) for programs of 1987, which are ignored. Pause alone
 * sends 0xe1 and two codes, and no release.
 *
 * Source: IBM PS/2 Hardware Interface Technical Reference, Keyboards: "Scan Code Set 1".
 */
#include <ashlar/dev/scan_keys.h>

#define RELEASED        0x80
#define PREFIX_EXTENDED 0xe0
#define PREFIX_PAUSE    0xe1

enum modifier {
    LEFT_SHIFT = 1,
    RIGHT_SHIFT = 2,
    LEFT_CTRL = 4,
    RIGHT_CTRL = 8,
    LEFT_ALT = 16,
    RIGHT_ALT = 32,
};
#define ANY_SHIFT (LEFT_SHIFT | RIGHT_SHIFT)
#define ANY_CTRL  (LEFT_CTRL | RIGHT_CTRL)
#define ANY_ALT   (LEFT_ALT | RIGHT_ALT)

enum code {
    CODE_ENTER = 0x1c,
    CODE_CTRL = 0x1d,
    CODE_LEFT_SHIFT = 0x2a,
    CODE_SLASH = 0x35, /* with the prefix: the keypad's */
    CODE_RIGHT_SHIFT = 0x36,
    CODE_ALT = 0x38,
    CODE_DELETE = 0x53,
    CODE_CAPS_LOCK = 0x3a,
    CODE_NUM_LOCK = 0x45,
    CODE_SCROLL_LOCK = 0x46,
    CODE_KEYPAD = 0x47, /* the first of thirteen */
    CODE_KEYPAD_END = 0x54,
};

const struct keymap keymap_us = {
    "us",
    "1234567890-="
    "qwertyuiop[]"
    "asdfghjkl;'`"
    "\\zxcvbnm,./"
    "\\",
    "!@#$%^&*()_+"
    "QWERTYUIOP{}"
    "ASDFGHJKL:\"~"
    "|ZXCVBNM<>?"
    "|",
    NULL,
};

/* Codes of struct keymap, in its order, and where in it the first one is. */
static const struct {
    uint8_t first, last, place;
} rows[] = {
    { 0x02, 0x0d, 0 }, { 0x10, 0x1b, 12 }, { 0x1e, 0x29, 24 }, { 0x2b, 0x35, 36 }, { 0x56, 0x56, 47 }
};

/* Of the main block, the same in each layout. */
static const struct {
    uint8_t code;
    char character;
} common_keys[] = { { 0x01, 0x1b },       { 0x0e, '\b' }, { 0x0f, '\t' },
                    { CODE_ENTER, '\r' }, { 0x37, '*' },  { 0x39, ' ' } };

/* By code, from CODE_KEYPAD on; NumLock selects. The same codes with the prefix are the grey keys. */
static const char keypad_characters[] = "789-456+1230.";
static const int16_t keypad_keys[] = {
    KEY_HOME, KEY_UP,  KEY_PAGE_UP, '-',           KEY_LEFT,   KEY_NONE,   KEY_RIGHT,
    '+',      KEY_END, KEY_DOWN,    KEY_PAGE_DOWN, KEY_INSERT, KEY_DELETE,
};

static uint8_t modifier_of(uint8_t code, bool is_extended)
{
    switch (code) {
    case CODE_LEFT_SHIFT:
        return is_extended ? 0 : LEFT_SHIFT;
    case CODE_RIGHT_SHIFT:
        return is_extended ? 0 : RIGHT_SHIFT;
    case CODE_CTRL:
        return is_extended ? RIGHT_CTRL : LEFT_CTRL;
    case CODE_ALT:
        return is_extended ? RIGHT_ALT : LEFT_ALT;
    default:
        return 0;
    }
}

static uint8_t lock_of(uint8_t code, bool is_extended)
{
    if (is_extended)
        return 0;
    return code == CODE_CAPS_LOCK     ? SCAN_KEYS_CAPS_LOCK
           : code == CODE_NUM_LOCK    ? SCAN_KEYS_NUM_LOCK
           : code == CODE_SCROLL_LOCK ? SCAN_KEYS_SCROLL_LOCK
                                      : 0;
}

static int extended_key(const struct scan_keys *decoder, uint8_t code)
{
    if (code == CODE_ENTER)
        return '\r';
    if (code == CODE_SLASH)
        return '/';
    if (code < CODE_KEYPAD || code >= CODE_KEYPAD_END)
        return KEY_NONE;
    int key = keypad_keys[code - CODE_KEYPAD];
    if ((decoder->modifiers & ANY_SHIFT) && key == KEY_PAGE_UP)
        return KEY_SCROLL_UP;
    if ((decoder->modifiers & ANY_SHIFT) && key == KEY_PAGE_DOWN)
        return KEY_SCROLL_DOWN;
    return key >= KEY_UP ? key : KEY_NONE;
}

static bool is_letter(char c)
{
    return c >= 'a' && c <= 'z';
}

static char common_character(uint8_t code)
{
    for (size_t i = 0; i < ARRAY_LEN(common_keys); i++)
        if (common_keys[i].code == code)
            return common_keys[i].character;
    return 0;
}

/* Return: the place of the code's key in a layout; KEYMAP_KEYS: it has none. */
static size_t place_of(uint8_t code)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (code >= rows[i].first && code <= rows[i].last)
            return rows[i].place + (size_t)(code - rows[i].first);
    return KEYMAP_KEYS;
}

const struct keymap *scan_keys_layout(const struct scan_keys *decoder)
{
    return decoder->keymap ? decoder->keymap : &keymap_us;
}

static bool is_alt_graph(const struct scan_keys *decoder)
{
    return (decoder->modifiers & ANY_ALT) == RIGHT_ALT && scan_keys_layout(decoder)->alt_graph;
}

static int character_key(const struct scan_keys *decoder, uint8_t code)
{
    const struct keymap *keymap = scan_keys_layout(decoder);
    size_t place = place_of(code);
    if (place == KEYMAP_KEYS) {
        char common = common_character(code);
        bool is_none = common == 0 || ((decoder->modifiers & ANY_CTRL) && common >= ' ');
        return is_none ? KEY_NONE : common;
    }
    char c = keymap->plain[place];
    bool is_shifted = (decoder->modifiers & ANY_SHIFT) != 0;
    if (is_letter(c) && (decoder->locks & SCAN_KEYS_CAPS_LOCK))
        is_shifted = !is_shifted;
    if (decoder->modifiers & ANY_CTRL)
        return is_letter(c) ? c & 0x1f : KEY_NONE;
    if (is_alt_graph(decoder))
        c = keymap->alt_graph[place];
    else if (is_shifted)
        c = keymap->shifted[place];
    return c != ' ' ? c : KEY_NONE;
}

static int plain_key(const struct scan_keys *decoder, uint8_t code)
{
    if (code < CODE_KEYPAD || code >= CODE_KEYPAD_END)
        return character_key(decoder, code);
    bool is_number = (decoder->locks & SCAN_KEYS_NUM_LOCK) != 0;
    if (decoder->modifiers & ANY_SHIFT)
        is_number = !is_number;
    return is_number ? keypad_characters[code - CODE_KEYPAD] : keypad_keys[code - CODE_KEYPAD];
}

static void feed_lock(struct scan_keys *decoder, uint8_t lock, bool is_down)
{
    if (is_down && !(decoder->locks_held & lock))
        decoder->locks ^= lock;
    if (is_down)
        decoder->locks_held |= lock;
    else
        decoder->locks_held &= (uint8_t)~lock;
}

static void feed_modifier(struct scan_keys *decoder, uint8_t modifier, bool is_down)
{
    if (is_down)
        decoder->modifiers |= modifier;
    else
        decoder->modifiers &= (uint8_t)~modifier;
}

int scan_keys_feed(struct scan_keys *decoder, uint8_t code)
{
    if (decoder->skip > 0) {
        decoder->skip--;
        return KEY_NONE;
    }
    if (code == PREFIX_PAUSE)
        decoder->skip = 2;
    bool is_extended = decoder->is_extended;
    decoder->is_extended = code == PREFIX_EXTENDED;
    if (code == PREFIX_PAUSE || code == PREFIX_EXTENDED)
        return KEY_NONE;

    bool is_down = !(code & RELEASED);
    code &= (uint8_t)~RELEASED;
    uint8_t modifier = modifier_of(code, is_extended), lock = lock_of(code, is_extended);
    if (modifier)
        feed_modifier(decoder, modifier, is_down);
    if (lock)
        feed_lock(decoder, lock, is_down);
    if (modifier || lock || !is_down)
        return KEY_NONE;
    if ((decoder->modifiers & ANY_ALT) && (decoder->modifiers & ANY_CTRL))
        return code == CODE_DELETE ? KEY_RESTART : KEY_NONE; /* Del of its own or of the keypad */
    if ((decoder->modifiers & ANY_ALT) && !is_alt_graph(decoder))
        return KEY_NONE;
    return is_extended ? extended_key(decoder, code) : plain_key(decoder, code);
}
