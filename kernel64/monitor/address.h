/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Addresses as a user types them, and access to physical ones.
 */
#include <ashlar/addr.h>
#include <ashlar/status.h>

/**
 * address_read() - parse an address.
 * @text: a number or the name of a function (panic/symbols.h), or, physical as the kernel prints it, "P" and
 *        a number. 16 digits without 0x are hexadecimal, because addresses are printed so.
 * @address, @is_physical: untouched on failure.
 *
 * Return: false, after a message, when it is none of these.
 * Context: as print().
 */
bool address_read(const char *text, uint64_t *address, bool *is_physical) MUST_CHECK;

/**
 * address_read_width() - parse the width of an access.
 * @text:  a power of two.
 * @most:  4 or 8, bytes.
 * @width: bytes; untouched on failure.
 *
 * Return: false, after a message, when it is not.
 * Context: as print().
 */
bool address_read_width(const char *text, unsigned int most, unsigned int *width) MUST_CHECK;

/**
 * address_read_value() - parse a value to write.
 * @text:  a number.
 * @width: of the access, from address_read_width().
 * @value: untouched on failure.
 *
 * Return: false, after a message, when it is none or does not fit.
 * Context: as print().
 */
bool address_read_value(const char *text, unsigned int width, uint64_t *value) MUST_CHECK;

/* Memory at a physical address, until address_unmap(). */
struct address_window {
    volatile void *bytes;
    void *mapped; /* NULL: in the direct map */
};

/**
 * address_map() - make physical memory accessible.
 * @address, @size_bytes: any numbers.
 * @is_written: whether it is also written.
 * @window:     filled in on success.
 *
 * RAM is reached in the direct map. Any other address is mapped by vm/device_map.h, which refuses one that
 * cannot be valid, with a message. An access may still fault: cpu/fixup.h.
 * Return: STATUS_OK; STATUS_NOT_FOUND when it was refused.
 * Context: thread, one caller at a time.
 */
status_t address_map(phys_t address, size_t size_bytes, bool is_written,
                     struct address_window *window) MUST_CHECK;

/* Undoes address_map(). Context: as that. */
void address_unmap(struct address_window *window);
