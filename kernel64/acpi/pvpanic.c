/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * In AML: 08 "_HID" 0D "QEMU0001" 00, then 08 "_CRS" 11 PkgLength, the buffer's size as a byte constant, and
 * its first descriptor: 47 (I/O port, seven bytes), decode, minimum and maximum as words. Of devices this
 * small each length is one byte.
 */
#include <acpi/pvpanic.h>

#include <ashlar/fmt/acpi.h>
#include <lib/little_endian.h>
#include <lib/string.h>

static const char id[] = "\x08_HID\x0dQEMU0001"; /* its NUL is in the table, too */
static const char resources[] = "\x08_CRS\x11";  /* without its NUL */

#define ID_SIZE        sizeof(id)
#define RESOURCES_SIZE (sizeof(resources) - 1)
#define CRS_HEAD       3 /* PkgLength, 0A, size */
#define IO_PORT        0x47
#define IO_MINIMUM     2 /* in the descriptor */
#define IO_MAXIMUM     4
#define IO_SIZE        8

/* @at: after the identity. @end: of the table. */
static bool read_port(const uint8_t *at, const uint8_t *end, uint16_t *port)
{
    if ((size_t)(end - at) < RESOURCES_SIZE + CRS_HEAD + IO_SIZE ||
        memcmp(at, resources, RESOURCES_SIZE) != 0)
        return false;
    const uint8_t *descriptor = at + RESOURCES_SIZE + CRS_HEAD;
    uint16_t minimum = get_le16(descriptor + IO_MINIMUM), maximum = get_le16(descriptor + IO_MAXIMUM);
    if (descriptor[0] != IO_PORT || minimum != maximum || minimum == 0)
        return false;
    *port = minimum;
    return true;
}

bool acpi_find_pvpanic(const void *table, size_t size_bytes, uint16_t *port)
{
    const uint8_t *at = table, *end = at + size_bytes;
    if (size_bytes < ACPI_HEADER_SIZE)
        return false;
    for (at += ACPI_HEADER_SIZE; at < end && (at = memmem(at, (size_t)(end - at), id, ID_SIZE)) != NULL;) {
        at += ID_SIZE;
        if (read_port(at, end, port))
            return true;
    }
    return false;
}
