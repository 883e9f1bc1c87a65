/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The 8042 keyboard controller and its keyboard.
 *
 * scan_keys.c decodes scan code set 1. Keyboards use set 2 natively, and the controller of every PC
 * translates that to set 1; some emulated controllers do not, and there the keyboard itself is switched to
 * set 1. Both are set, whatever firmware left.
 *
 * Each wait is bounded: a byte between controller and keyboard takes about 1 ms and a keyboard has 20 ms to
 * reply, and as no clock may be available yet, a wait is a number of status reads of about 1 us each. None of
 * the commands is needed to type: one that is refused or not replied to is skipped. Only a keyboard that
 * replies to nothing counts as absent, which is known after two commands. If the keyboard stays in set 2 and
 * the controller does not translate, the driver translates.
 *
 * When a lock key changes the LEDs, the command is sent without waiting: its acknowledgements arrive among
 * the scan codes, and the first of them is followed by the argument.
 *
 * Refused: the controller's self test (0xaa). It is slow, it resets firmware's settings on some laptops, and
 * it shows nothing that the first acknowledged command does not.
 * Refused: resetting the keyboard (0xff), which may take 0.75 s.
 */
#include <ashlar/dev/ps2.h>
#include <ashlar/io.h>

#define PORT_DATA    0x60
#define PORT_STATUS  0x64 /* read */
#define PORT_COMMAND 0x64 /* written */

#define STATUS_OBF     0x01 /* a byte for us */
#define STATUS_IBF     0x02 /* our byte was not taken yet */
#define STATUS_AUX_OBF 0x20 /* the byte in the output buffer is the mouse's */

/* What ports without a device read as. */
#define ALL_ONES 0xff

enum controller_command {
    READ_COMMAND_BYTE = 0x20,
    WRITE_COMMAND_BYTE = 0x60,
    DISABLE_AUX = 0xa7,
    DISABLE_KEYBOARD = 0xad,
    ENABLE_KEYBOARD = 0xae,
    WRITE_KEYBOARD_OUTPUT = 0xd2, /* the next byte appears as if the keyboard had sent it */
};

/* The command byte. The commands above that disable and enable a device change bits of it, too. */
#define CONFIG_INTERRUPTS   0x03 /* of both devices */
#define CONFIG_KEYBOARD     0x01 /* the keyboard's */
#define CONFIG_KEYBOARD_OFF 0x10
#define CONFIG_TRANSLATION  0x40

enum keyboard_command {
    SET_LEDS = 0xed,
    SELECT_SCAN_CODE_SET = 0xf0,
    ENABLE = 0xf4,
    DEFAULT_DISABLE = 0xf5, /* and all defaults: repetition after 500 ms, 10.9 a second */
};

#define SET_2_RELEASE 0xf0 /* before the code */
#define SET_1_RELEASE 0x80 /* in it */

#define REPLY_ACK    0xfa
#define REPLY_RESEND 0xfe

#define WAIT_READS        50000u
#define MAX_RESENDS       3
/* The size of a keyboard's buffer: a broken controller must not block the caller. */
#define MAX_BYTES_AT_ONCE 16
#define MAX_STALE_BYTES   64 /* the controller holds one, keyboard and mouse a dozen and a few */

static bool wait_status(uint8_t mask, uint8_t wanted)
{
    for (unsigned int reads = 0; reads < WAIT_READS; reads++)
        if ((io_in8(PORT_STATUS) & mask) == wanted)
            return true;
    return false;
}

/* Return: false when the controller takes none. */
static MUST_CHECK bool write_byte(uint16_t port, uint8_t value)
{
    if (!wait_status(STATUS_IBF, 0))
        return false;
    io_out8(port, value);
    return true;
}

/* Return: false when it has none. */
static MUST_CHECK bool read_byte(uint8_t *value)
{
    if (!wait_status(STATUS_OBF, STATUS_OBF))
        return false;
    *value = io_in8(PORT_DATA);
    return true;
}

/* Return: false when bytes keep coming, as from a port without a controller. */
static bool drop_stale_bytes(void)
{
    for (unsigned int i = 0; i < MAX_STALE_BYTES; i++) {
        if (!(io_in8(PORT_STATUS) & STATUS_OBF))
            return true;
        io_in8(PORT_DATA);
    }
    return false;
}

static bool read_config(uint8_t *config)
{
    return write_byte(PORT_COMMAND, READ_COMMAND_BYTE) && read_byte(config);
}

static bool write_config(uint8_t config)
{
    return write_byte(PORT_COMMAND, WRITE_COMMAND_BYTE) && write_byte(PORT_DATA, config);
}

/* Return: false without a controller. @result: its command byte, with the translation bit. */
static bool init_controller(uint8_t *result)
{
    uint8_t config;
    if (io_in8(PORT_STATUS) == ALL_ONES)
        return false;
    if (!write_byte(PORT_COMMAND, DISABLE_KEYBOARD) || !write_byte(PORT_COMMAND, DISABLE_AUX) ||
        !drop_stale_bytes() || !read_config(&config))
        return false;

    config &= (uint8_t)~CONFIG_INTERRUPTS;
    config |= CONFIG_TRANSLATION;
    /* Before the keyboard is enabled: a scan code would be taken for the reply. */
    if (!write_config(config) || !read_config(result) || !write_byte(PORT_COMMAND, ENABLE_KEYBOARD))
        return false;
    *result &= (uint8_t) ~(CONFIG_INTERRUPTS | CONFIG_KEYBOARD_OFF);
    return true;
}

enum reply {
    SILENT,  /* no byte was received */
    REFUSED, /* resend requests without end, or another reply */
    ACKNOWLEDGED
};

/* Scan codes received meanwhile are dropped. */
static enum reply send_byte(uint8_t byte)
{
    enum reply result = SILENT;
    for (unsigned int tries = 0; tries <= MAX_RESENDS; tries++) {
        uint8_t answer = 0;
        if (!write_byte(PORT_DATA, byte))
            return result;
        for (unsigned int i = 0; i < MAX_STALE_BYTES && answer != REPLY_RESEND; i++) {
            if (!read_byte(&answer))
                return result;
            result = REFUSED;
            if (answer == REPLY_ACK)
                return ACKNOWLEDGED;
        }
    }
    return result;
}

/* A command and its argument, which is sent only after the command was acknowledged. */
static enum reply send_command(uint8_t command, uint8_t argument)
{
    enum reply answer = send_byte(command);
    return answer == ACKNOWLEDGED ? send_byte(argument) : answer;
}

/* Return: false when there is no keyboard: it replied to no command. */
static bool init_keyboard(struct ps2_keyboard *keyboard, bool translates)
{
    if (send_byte(DEFAULT_DISABLE) == SILENT && send_byte(ENABLE) == SILENT)
        return false;
    enum reply codes = send_command(SELECT_SCAN_CODE_SET, translates ? 2 : 1);
    keyboard->speaks_set_2 = !translates && codes != ACKNOWLEDGED;
    (void)send_command(SET_LEDS, 0);
    (void)send_byte(ENABLE);
    return true;
}

/* Sends the LED command if a lock has changed; is_led_reply() sends its argument. */
static void update_leds(struct ps2_keyboard *keyboard)
{
    if (keyboard->leds == keyboard->keys.locks)
        return;
    keyboard->leds = keyboard->keys.locks;
    keyboard->is_led_argument_due = write_byte(PORT_DATA, SET_LEDS);
}

/* Return: whether the byte is the reply to an LED command: no key has these codes. */
static bool is_led_reply(struct ps2_keyboard *keyboard, uint8_t byte)
{
    if (byte != REPLY_ACK && byte != REPLY_RESEND)
        return false;
    if (keyboard->is_led_argument_due && byte == REPLY_ACK)
        /* If it is not sent, the keyboard takes its next command for the argument, or times out. */
        (void)!write_byte(PORT_DATA, keyboard->leds);
    keyboard->is_led_argument_due = false;
    return true;
}

/* Return: whether the controller has a byte from the keyboard. Bytes from the mouse are dropped. */
static bool take_byte(uint8_t *byte)
{
    for (unsigned int i = 0; i < MAX_BYTES_AT_ONCE; i++) {
        uint8_t status = io_in8(PORT_STATUS);
        if (!(status & STATUS_OBF))
            return false;
        *byte = io_in8(PORT_DATA);
        if (!(status & STATUS_AUX_OBF))
            return true;
    }
    return false;
}

/* The same for the ring that the interrupt handler fills. */
static bool take_received(struct ps2_keyboard *keyboard, uint8_t *byte)
{
    spin_lock(&keyboard->lock);
    bool has_byte = keyboard->received_start != keyboard->received_end;
    if (has_byte)
        *byte = keyboard->received[keyboard->received_start++ % PS2_RECEIVED_MAX];
    spin_unlock(&keyboard->lock);
    return has_byte;
}

/* The 8042's translation of scan code set 2 to set 1. Source: Intel 8042 data
   sheets; IBM PC AT Technical Reference, "Keyboard Controller", scan code translation. */
static const uint8_t set_1_of_set_2[] = {
    0xff, 0x43, 0x41, 0x3f, 0x3d, 0x3b, 0x3c, 0x58, 0x64, 0x44, 0x42, 0x40, 0x3e, 0x0f, 0x29, 0x59, 0x65,
    0x38, 0x2a, 0x70, 0x1d, 0x10, 0x02, 0x5a, 0x66, 0x71, 0x2c, 0x1f, 0x1e, 0x11, 0x03, 0x5b, 0x67, 0x2e,
    0x2d, 0x20, 0x12, 0x05, 0x04, 0x5c, 0x68, 0x39, 0x2f, 0x21, 0x14, 0x13, 0x06, 0x5d, 0x69, 0x31, 0x30,
    0x23, 0x22, 0x15, 0x07, 0x5e, 0x6a, 0x72, 0x32, 0x24, 0x16, 0x08, 0x09, 0x5f, 0x6b, 0x33, 0x25, 0x17,
    0x18, 0x0b, 0x0a, 0x60, 0x6c, 0x34, 0x35, 0x26, 0x27, 0x19, 0x0c, 0x61, 0x6d, 0x73, 0x28, 0x74, 0x1a,
    0x0d, 0x62, 0x6e, 0x3a, 0x36, 0x1c, 0x1b, 0x75, 0x2b, 0x63, 0x76, 0x55, 0x56, 0x77, 0x78, 0x79, 0x7a,
    0x0e, 0x7b, 0x7c, 0x4f, 0x7d, 0x4b, 0x47, 0x7e, 0x7f, 0x6f, 0x52, 0x53, 0x50, 0x4c, 0x4d, 0x48, 0x01,
    0x45, 0x57, 0x4e, 0x51, 0x4a, 0x37, 0x49, 0x46, 0x54, 0x80, 0x81, 0x82, 0x41, 0x54,
};

/* Return: false for the prefix of a release. The other prefixes (0xe0, 0xe1) are the same in both sets. */
static bool translate(struct ps2_keyboard *keyboard, uint8_t *byte)
{
    if (*byte == SET_2_RELEASE) {
        keyboard->is_release_due = true;
        return false;
    }
    if (*byte >= ARRAY_LEN(set_1_of_set_2))
        return true;
    *byte = set_1_of_set_2[*byte] | (keyboard->is_release_due ? SET_1_RELEASE : 0);
    keyboard->is_release_due = false;
    return true;
}

static int decode(struct ps2_keyboard *keyboard, uint8_t byte)
{
    if (is_led_reply(keyboard, byte) || (keyboard->speaks_set_2 && !translate(keyboard, &byte)))
        return KEY_NONE;
    int key = scan_keys_feed(&keyboard->keys, byte);
    update_leds(keyboard);
    return key;
}

/* Drains the ring down to a key: the monitor does not poll again before the next interrupt. */
static int ps2_input_poll(struct input *input)
{
    struct ps2_keyboard *keyboard = container_of(input, struct ps2_keyboard, input);
    int key = KEY_NONE;
    uint8_t byte;
    while (key == KEY_NONE && take_received(keyboard, &byte))
        key = decode(keyboard, byte);
    for (unsigned int i = 0;
         i < MAX_BYTES_AT_ONCE && key == KEY_NONE && !input->interrupts && take_byte(&byte); i++)
        key = decode(keyboard, byte);
    return key;
}

/* ---- interrupts ---- */

/* The lock is held. Return: whether there was a byte from the keyboard. */
static bool receive(struct ps2_keyboard *keyboard)
{
    CHECK_HELD(&keyboard->lock);
    uint8_t byte;
    bool has_byte = false;
    for (unsigned int i = 0; i < MAX_BYTES_AT_ONCE && take_byte(&byte); i++) {
        has_byte = true;
        if (keyboard->received_end - keyboard->received_start < PS2_RECEIVED_MAX)
            keyboard->received[keyboard->received_end++ % PS2_RECEIVED_MAX] = byte;
    }
    return has_byte;
}

bool ps2_interrupt(struct ps2_keyboard *keyboard)
{
    spin_lock(&keyboard->lock);
    bool is_ours = receive(keyboard);
    keyboard->interrupts += is_ours;
    spin_unlock(&keyboard->lock);
    return is_ours;
}

uint32_t ps2_interrupt_count(const struct ps2_keyboard *keyboard)
{
    return __atomic_load_n(&keyboard->interrupts, __ATOMIC_RELAXED);
}

/*
 * The command byte is written from a copy: a reply to reading it would raise an interrupt and be taken for a
 * scan code. A byte that is pending already is read first, because it raises no further edge.
 */
static bool change_config(struct ps2_keyboard *keyboard, bool is_on)
{
    spin_lock(&keyboard->lock);
    (void)receive(keyboard);
    spin_unlock(&keyboard->lock);
    return write_config((uint8_t)(keyboard->config | (is_on ? CONFIG_KEYBOARD : 0)));
}

status_t ps2_use_interrupts(struct ps2_keyboard *keyboard, bool is_on)
{
    keyboard->input.interrupts = false;
    if (!change_config(keyboard, is_on))
        return STATUS_TIMEOUT;
    keyboard->input.interrupts = is_on;
    if (is_on && write_byte(PORT_COMMAND, WRITE_KEYBOARD_OUTPUT))
        (void)!write_byte(PORT_DATA, REPLY_ACK);
    return STATUS_OK;
}

/* ---- setup ---- */

status_t ps2_init(struct ps2_keyboard *keyboard)
{
    *keyboard = (struct ps2_keyboard){ .input = { .name = "ps2", .poll = ps2_input_poll } };
    SPIN_INIT(&keyboard->lock, "ps2", LOCK_KEYBOARD);
    if (!init_controller(&keyboard->config))
        return STATUS_NOT_FOUND;
    return init_keyboard(keyboard, keyboard->config & CONFIG_TRANSLATION) ? STATUS_OK : STATUS_TIMEOUT;
}
