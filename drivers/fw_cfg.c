/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * QEMU's firmware configuration device, by its I/O ports.
 *
 * Writing an item's number to the selector sets the read position to the item's start; each read of the data
 * port returns the next byte, and 0 after the end. One item is the directory of all named ones. Refused: the
 * DMA interface, faster and newer, because one short file is not worth physical addresses here.
 *
 * Source: QEMU, docs/specs/fw_cfg.
 */
#include <ashlar/dev/fw_cfg.h>
#include <ashlar/io.h>

#define PORT_SELECTOR 0x510 /* 16 bits, little-endian, as all ports */
#define PORT_DATA     0x511 /* 8 bits; inside the selector, which is written only */

#define ITEM_SIGNATURE 0x0000 /* "QEMU" */
#define ITEM_DIRECTORY 0x0019

/* A bound for a corrupt directory: QEMU has 32 files, newer versions a few dozen more. */
#define MAX_FILES 4096u

#define NAME_SIZE 56

/* A directory entry; its numbers are big-endian on every machine. */
struct file {
    uint32_t size_bytes;
    uint16_t item;
    char name[NAME_SIZE]; /* should end in NUL */
};

static void select_item(uint16_t item)
{
    io_out16(PORT_SELECTOR, item);
}

static uint32_t read_be(unsigned int bytes)
{
    uint32_t value = 0;
    for (unsigned int i = 0; i < bytes; i++)
        value = value << 8 | io_in8(PORT_DATA);
    return value;
}

static bool is_present(void)
{
    select_item(ITEM_SIGNATURE);
    return read_be(4) == 0x51454d55; /* "QEMU" */
}

static void read_entry(struct file *file)
{
    file->size_bytes = read_be(4);
    file->item = (uint16_t)read_be(2);
    read_be(2); /* reserved */
    for (unsigned int i = 0; i < NAME_SIZE; i++)
        file->name[i] = (char)io_in8(PORT_DATA);
}

static bool has_name(const struct file *file, const char *name)
{
    for (unsigned int i = 0; i < NAME_SIZE; i++) {
        if (file->name[i] != name[i])
            return false;
        if (name[i] == 0)
            return true;
    }
    return false;
}

static status_t find_file(const char *name, struct file *file)
{
    select_item(ITEM_DIRECTORY);
    uint32_t count = read_be(4);
    for (uint32_t i = 0; i < count && i < MAX_FILES; i++) {
        read_entry(file);
        if (has_name(file, name))
            return STATUS_OK;
    }
    return STATUS_NOT_FOUND;
}

status_t fw_cfg_read_file(const char *name, void *buffer, size_t size_bytes, size_t *length)
{
    struct file file;
    if (!is_present())
        return STATUS_UNSUPPORTED;
    status_t status = find_file(name, &file);
    if (status != STATUS_OK)
        return status;

    size_t count = file.size_bytes < size_bytes ? file.size_bytes : size_bytes;
    select_item(file.item);
    for (size_t i = 0; i < count; i++)
        ((uint8_t *)buffer)[i] = io_in8(PORT_DATA);
    *length = count;
    return count < file.size_bytes ? STATUS_TOO_BIG : STATUS_OK;
}
