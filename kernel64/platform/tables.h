/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * From firmware's tables to struct platform: tables in, struct out. Hosted-tested, also with the tables of
 * real machines; independent of log and allocator.
 *
 *     MADT                      from_madt.c   CPUs, I/O APICs, overrides, NMI inputs
 *     no MADT: MP tables        from_mp.c     the same, by pins instead of GSIs
 *     neither                   tables.c      the 8259s, LINT1 as NMI
 *     SRAT, SLIT                nodes.c       NUMA nodes
 *     FADT, \_S5_               from_fadt.c   PM timer, RTC, power-off and reset
 *     HPET, DMAR, MCFG          devices.c
 *     SPCR, DBG2                serials.c
 *
 * A table is read twice, to count its entries and to copy them: an array is allocated once, with its exact
 * size.
 *
 * Context of all: any, one caller at a time.
 */
#include <acpi/tables.h>
#include <platform/platform.h>

/* The source of tables, and of memory for arrays. */
struct platform_firmware {
    /**
     * find() - find a readable table.
     * @signature: four characters.
     * @index:     among the tables of this signature, from 0.
     * @size_bytes: of the table.
     *
     * Return: its first byte; NULL when there is none, or it cannot be read.
     */
    const void *(*find)(const char *signature, size_t index, size_t *size_bytes);

    acpi_read_fn *read; /* physical memory, for the MP tables */

    /* Return: permanent memory, not cleared; NULL when there is none. @alignment: a power of two. */
    void *(*take)(size_t size_bytes, size_t alignment);

    /* Reports a fault: a message, and its number. */
    void (*report_fault)(const char *sentence, size_t number);
};

/**
 * platform_read_tables() - read all tables.
 * @platform: zero, or what platform_read_fadt() has read of the same tables. Overwritten, but for the sleep
 * types of \_S5_.
 *
 * An array for which there is no memory is empty, which is reported by @firmware->report_fault().
 */
void platform_read_tables(const struct platform_firmware *firmware, struct platform *platform);

/* The parts of it; each keeps the defaults of platform_read_tables() for what it does not find. */

/* Return: whether there is a MADT. */
bool platform_read_madt(const struct platform_firmware *firmware, struct platform *platform);

/* Return: whether there are MP tables. */
bool platform_read_mp(const struct platform_firmware *firmware, struct platform *platform);

/* @platform: its CPUs are filled in, and get their nodes. */
void platform_read_nodes(const struct platform_firmware *firmware, struct platform *platform);

void platform_read_devices(const struct platform_firmware *firmware, struct platform *platform);

/* These two use find() only, so they may be called before there is memory. The first one does not search for
   \_S5_ again if @platform has its sleep types: that costs more than all other tables together. */
void platform_read_fadt(const struct platform_firmware *firmware, struct platform *platform);
void platform_read_serials(const struct platform_firmware *firmware, struct platform *platform);

/**
 * platform_take_array() - allocate an array whose elements are counted.
 * @count: of elements; set to 0 where there is no memory.
 * @what:  message for report_fault(): "no memory for ...".
 *
 * Return: NULL when @count is 0.
 */
void *platform_take_array(const struct platform_firmware *firmware, size_t *count, size_t element_bytes,
                          const char *what);

/* platform_take_array() for CPUs, I/O APICs, ISA inputs and NMI inputs, which have been counted. */
void platform_take_interrupt_arrays(const struct platform_firmware *firmware, struct platform *platform);

/* Called after the second pass: sets the count of an array without memory to 0. */
void platform_drop_counts(struct platform *platform);
