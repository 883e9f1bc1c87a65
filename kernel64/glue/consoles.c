/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From what console= and the loader say to consoles that write.
 *
 * The loader decides whether there is a framebuffer or a text screen. Only where it says nothing,
 * as with PVH, a VGA that is in text mode is looked for. If none of the consoles that console=
 * names is there, all others are used: a machine that says nothing helps nobody.
 */
#include <glue/consoles.h>

#include <ashlar/dev/framebuffer.h>
#include <ashlar/dev/ps2.h>
#include <ashlar/dev/uart16550.h>
#include <ashlar/fmt/acpi.h>
#include <ashlar/dev/vga_text.h>
#include <acpi/init.h>
#include <acpi/serial_port.h>
#include <boot/early.h>
#include <boot/machine.h>
#include <boot/map_device.h>
#include <diag/console_option.h>
#include <diag/log.h>
#include <glue/input_interrupts.h>
#include <monitor/monitor.h>

static struct uart16550 serial;
static struct vga_text vga;
static struct framebuffer framebuffer;
static struct ps2_keyboard keyboard;

static bool is_serial_there;
static bool is_wanted[] = { [CONSOLE_SERIAL] = true, [CONSOLE_VGA] = true, [CONSOLE_FRAMEBUFFER] = true };
static unsigned int attached;

static void attach(struct console *console)
{
    log_attach(console);
    attached++;
}

static void detach(struct console *console)
{
    log_detach(console);
    attached--;
}

/* ---- serial ---- */

void consoles_init_early(void)
{
    is_serial_there = uart16550_init(&serial, UART16550_COM1, UART16550_MAX_BAUD) == STATUS_OK;
    if (is_serial_there) {
        attach(&serial.console);
        monitor_add_input(&serial.input);
    }
}

/* @port takes the place of the port that was used, which stays when there is no UART. @who wants it: for the log. */
static void move_serial(uint16_t port, uint32_t baud, const char *prefix, int who_length, const char *who)
{
    static struct uart16550 named;
    status_t status = uart16550_init(&named, port, baud);
    if (status != STATUS_OK) {
        log_warn("console", "%s%.*s: %s", prefix, who_length, who, status_sentence(status));
        return;
    }
    if (is_serial_there)
        detach(&serial.console);
    named.input.next = serial.input.next; /* it takes over the place in the monitor's list, if it has one */
    serial = named;
    if (!is_serial_there)
        monitor_add_input(&serial.input);
    is_serial_there = true;
    attach(&serial.console);
}

static void choose(const struct console_choice *choice)
{
    bool is_moved = choice->kind == CONSOLE_SERIAL &&
                    (choice->port != UART16550_COM1 || choice->baud != UART16550_MAX_BAUD);
    if (is_moved && is_wanted[CONSOLE_SERIAL])
        log_warn("console", "console=%.*s: one serial port is enough", (int)choice->word_length, choice->word);
    else if (is_moved)
        move_serial(choice->port, choice->baud, "console=", (int)choice->word_length, choice->word);
    is_wanted[choice->kind] = true;
}

void consoles_apply_option(void)
{
    static char option[128];
    struct console_choice choice;
    status_t status = machine_option("console", option, sizeof(option));
    if (status == STATUS_NOT_FOUND)
        return;

    for (size_t kind = 0; kind < ARRAY_LEN(is_wanted); kind++)
        is_wanted[kind] = false;
    for (size_t cursor = 0; (status = console_option_next(option, &cursor, &choice)) != STATUS_NOT_FOUND;) {
        if (status == STATUS_OK)
            choose(&choice);
        else
            log_warn("console", "console=%.*s: expected serial[:PORT[:BAUD]], vga or fb", (int)choice.word_length,
                     choice.word);
    }
    if (is_serial_there && !is_wanted[CONSOLE_SERIAL])
        detach(&serial.console);
}

static bool is_drivable(const struct serial_port *port)
{
    return (port->interface == SERIAL_16550 || port->interface == SERIAL_16450 || port->interface == SERIAL_16550_GAS) &&
           acpi_gas_is_usable(&port->base) && port->base.space == ACPI_SPACE_IO;
}

/* Return: whether firmware has a serial port that our driver can drive. */
static bool find_firmware_port(struct serial_port *port, const char **table)
{
    struct dbg2 dbg2;
    struct dbg2_cursor cursor = { 0, 0 };
    size_t size_bytes;
    const void *data = acpi_find_here("SPCR", &size_bytes);
    *table = "SPCR";
    if (data && spcr_parse(data, size_bytes, port) == STATUS_OK && is_drivable(port))
        return true;
    data = acpi_find_here("DBG2", &size_bytes);
    *table = "DBG2";
    if (!data || is_serial_there || dbg2_parse(data, size_bytes, &dbg2) != STATUS_OK)
        return false;
    while (dbg2_next_serial(&dbg2, &cursor, port))
        if (is_drivable(port))
            return true;
    return false;
}

/* A port for debugging is used only where there is no other. */
void consoles_apply_firmware(void)
{
    struct serial_port port;
    const char *table;
    if (machine_has_option("console") || !find_firmware_port(&port, &table))
        return;
    uint32_t baud = port.baud_rate ? port.baud_rate : UART16550_MAX_BAUD;
    if (is_serial_there && port.base.address == serial.port && baud == UART16550_MAX_BAUD)
        return;
    log_info("console", "%s names the serial port %#lx at %u baud", table, port.base.address, baud);
    move_serial((uint16_t)port.base.address, baud, "", 4, table);
}

/* ---- screens ---- */

static void start_framebuffer(const struct boot_framebuffer *loader)
{
    const struct framebuffer_mode mode = {
        .width = loader->width,
        .height = loader->height,
        .pitch_bytes = loader->pitch_bytes,
        .bits_per_pixel = loader->bits_per_pixel,
        .red_position = loader->red_position,
        .red_size = loader->red_size,
        .green_position = loader->green_position,
        .green_size = loader->green_size,
        .blue_position = loader->blue_position,
        .blue_size = loader->blue_size,
        .palette = loader->palette.data,
        .palette_count = (uint32_t)(loader->palette.size_bytes / 3),
    };
    size_t cells_size = framebuffer_memory_size(&mode);
    status_t status = STATUS_UNSUPPORTED;
    if (cells_size > 0) {
        void *cells = early_take(cells_size, 1);
        void *pixels = map_screen(loader->address, (size_t)mode.pitch_bytes * mode.height,
                                  PAGE_WRITE | PAGE_WRITE_COMBINING, "framebuffer");
        if (!pixels)
            return; /* which has been said */
        status = cells ? framebuffer_init(&framebuffer, &mode, pixels, cells) : STATUS_NO_MEMORY;
    }
    if (status != STATUS_OK) {
        log_warn("console", "framebuffer of %ux%u pixels, %u bits each: %s", mode.width, mode.height,
                 mode.bits_per_pixel, status_sentence(status));
        return;
    }
    attach(&framebuffer.console);
    log_info("console", "framebuffer at P%#lx: %ux%u pixels, %u bits each, %ux%u characters", loader->address.raw,
             mode.width, mode.height, mode.bits_per_pixel, framebuffer.grid.columns, framebuffer.grid.rows);
}

static void start_vga(const struct boot_framebuffer *loader)
{
    static const struct boot_framebuffer usual = {
        .address = { VGA_TEXT_ADDRESS },
        .width = VGA_TEXT_COLUMNS,
        .height = VGA_TEXT_ROWS,
        .pitch_bytes = VGA_TEXT_PITCH_BYTES,
    };
    const struct boot_framebuffer *mode = loader->type == FRAMEBUFFER_TEXT ? loader : &usual;
    void *cells = early_take(text_grid_size(mode->width, mode->height), 1);
    void *screen = map_screen(mode->address, (size_t)mode->pitch_bytes * mode->height, PAGE_WRITE | PAGE_UNCACHED, "text screen");
    if (cells && screen &&
        vga_text_init(&vga, screen, mode->width, mode->height, mode->pitch_bytes, cells) == STATUS_OK)
        attach(&vga.console);
}

static void start_screens(const struct boot_framebuffer *loader)
{
    bool is_graphics = loader->type == FRAMEBUFFER_RGB || loader->type == FRAMEBUFFER_INDEXED;
    if (is_graphics && is_wanted[CONSOLE_FRAMEBUFFER])
        start_framebuffer(loader);
    else if (!is_graphics && is_wanted[CONSOLE_VGA])
        start_vga(loader);
}

void consoles_init_screen(void)
{
    const struct boot_framebuffer *loader = &machine_boot_info()->framebuffer;
    start_screens(loader);
    if (attached == 0) {
        log_warn("console", "none of the consoles that console= names is there; all others are used");
        is_wanted[CONSOLE_VGA] = is_wanted[CONSOLE_FRAMEBUFFER] = true;
        if (is_serial_there)
            attach(&serial.console);
        start_screens(loader);
    }
    /* Without an answer it is still an input: one that is plugged in later types. */
    if (ps2_init(&keyboard) != STATUS_NOT_FOUND) {
        monitor_add_input(&keyboard.input);
        keyboard_start_interrupts(&keyboard);
    }
    if (is_serial_there)
        serial_start_interrupts(&serial);
}
