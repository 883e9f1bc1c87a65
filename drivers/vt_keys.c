/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Decoder of a terminal's bytes: a state machine over ECMA-48 sequences.
 *
 *   GROUND   --ESC-->  ESCAPE  --[-->  CONTROL  --number ; ... letter-->  GROUND
 *                              --O-->  SHIFTED  --letter-->               GROUND
 *
 * A control character inside a sequence aborts the sequence and is decoded itself, so that an incomplete
 * sequence does not swallow an Enter.
 *
 * Source: ECMA-48, "Control sequences"; VT220 Programmer Reference Manual,
 * "Keyboard codes"; xterm ctlseqs, "PC-Style Function Keys".
 */
#include <ashlar/dev/vt_keys.h>

enum state {
    GROUND,
    ESCAPE,
    CONTROL, /* after ESC [ */
    SHIFTED, /* after ESC O */
    DISCARD, /* the Linux console's F1 to F5: ESC [ [ and one letter */
};

#define CHAR_ESCAPE 0x1b
#define CHAR_DELETE 0x7f

static int key_of_letter(uint8_t letter)
{
    switch (letter) {
    case 'A':
        return KEY_UP;
    case 'B':
        return KEY_DOWN;
    case 'C':
        return KEY_RIGHT;
    case 'D':
        return KEY_LEFT;
    case 'H':
        return KEY_HOME;
    case 'F':
        return KEY_END;
    default:
        return KEY_NONE;
    }
}

static int key_of_number(uint8_t number)
{
    switch (number) {
    case 1: /* VT220 "Find", which later terminals call Home */
    case 7: /* rxvt */
        return KEY_HOME;
    case 2:
        return KEY_INSERT;
    case 3:
        return KEY_DELETE;
    case 4:
    case 8: /* rxvt */
        return KEY_END;
    case 5:
        return KEY_PAGE_UP;
    case 6:
        return KEY_PAGE_DOWN;
    default:
        return KEY_NONE;
    }
}

static int feed_ground(struct vt_keys *decoder, uint8_t byte)
{
    bool is_second_half = byte == '\n' && decoder->was_return;
    decoder->was_return = byte == '\r';
    if (is_second_half || byte == 0 || byte > CHAR_DELETE)
        return KEY_NONE;
    if (byte == '\n')
        return '\r';
    if (byte == CHAR_DELETE)
        return '\b';
    return byte;
}

static int feed_escape(struct vt_keys *decoder, uint8_t byte)
{
    decoder->state = byte == '[' ? CONTROL : byte == 'O' ? SHIFTED : GROUND;
    decoder->parameter = 0;
    decoder->has_parameter_ended = false;
    return KEY_NONE;
}

static int feed_control(struct vt_keys *decoder, uint8_t byte)
{
    if (byte >= '0' && byte <= '9') {
        unsigned int value = decoder->parameter * 10u + (byte - '0');
        if (!decoder->has_parameter_ended)
            decoder->parameter = (uint8_t)(value < 255 ? value : 255);
        return KEY_NONE;
    }
    /* The modifiers after the first ';' are ignored: Ctrl-Left is Left here. */
    if (byte >= 0x20 && byte < 0x40) {
        decoder->has_parameter_ended = true;
        return KEY_NONE;
    }
    if (byte == '[') {
        decoder->state = DISCARD;
        return KEY_NONE;
    }
    decoder->state = GROUND;
    return byte == '~' ? key_of_number(decoder->parameter) : key_of_letter(byte);
}

int vt_keys_feed(struct vt_keys *decoder, uint8_t byte)
{
    if (byte == CHAR_ESCAPE) {
        bool was_escape = decoder->state == ESCAPE;
        decoder->state = was_escape ? GROUND : ESCAPE;
        decoder->was_return = false;
        return was_escape ? CHAR_ESCAPE : KEY_NONE;
    }
    if (byte < 0x20)
        decoder->state = GROUND;

    switch ((enum state)decoder->state) {
    case ESCAPE:
        return feed_escape(decoder, byte);
    case CONTROL:
        return feed_control(decoder, byte);
    case SHIFTED:
        decoder->state = GROUND;
        return key_of_letter(byte);
    case DISCARD:
        decoder->state = GROUND;
        return KEY_NONE;
    case GROUND:
        break;
    }
    return feed_ground(decoder, byte);
}
