/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * From firmware's tables to struct platform: tables in, struct out. Hosted-tested, also over the tables of
 * real machines; knows neither log nor allocator.
 *
 *     MADT                      from_madt.c   CPUs, I/O APICs, overrides, NMI inputs
 *     no MADT: MP tables        from_mp.c     the same, by pins instead of GSIs
 *     neither                   tables.c      the 8259s, LINT1 as NMI
 *     SRAT, SLIT                nodes.c       NUMA nodes
 *     FADT, HPET, DMAR, MCFG    devices.c
 *     SPCR, DBG2                serials.c
 *
 * A table is read twice, to count its entries and to copy them: the memory for an array is asked for once,
 * and exactly.
 *
 * Context of all: any, one caller at a time.
 */
#include <acpi/tables.h>
#include <platform/platform.h>

/* Where tables come from, and memory for arrays. */
struct platform_firmware {
    /**
     * find() - a table that can be read.
     * @signature: four characters.
     * @index:     which of that kind, from 0.
     * @size_bytes: of the table.
     *
     * Return: its first byte; NULL when there is none, or it cannot be read.
     */
    const void *(*find)(const char *signature, size_t index, size_t *size_bytes);

    acpi_read_fn *read; /* physical memory, for the MP tables */

    /* Return: memory for good, not cleared; NULL when there is none. @alignment: a power of two. */
    void *(*take)(size_t size_bytes, size_t alignment);

    /* Told what is wrong: a sentence, and the number that belongs to it. */
    void (*report_fault)(const char *sentence, size_t number);
};

/**
 * platform_read_tables() - everything.
 * @platform: written whole.
 *
 * An array for which there is no memory is empty, and @firmware->report_fault() is told so.
 */
void platform_read_tables(const struct platform_firmware *firmware, struct platform *platform);

/* The parts of it; each leaves what it does not find as platform_read_tables() has set it. */

/* Return: whether there is a MADT. */
bool platform_read_madt(const struct platform_firmware *firmware, struct platform *platform);

/* Return: whether there are MP tables. */
bool platform_read_mp(const struct platform_firmware *firmware, struct platform *platform);

/* @platform: its CPUs are known, and get their nodes. */
void platform_read_nodes(const struct platform_firmware *firmware, struct platform *platform);

void platform_read_devices(const struct platform_firmware *firmware, struct platform *platform);

/* Needs no memory, and may be called before there is any: find() alone is used. */
void platform_read_serials(const struct platform_firmware *firmware, struct platform *platform);

/**
 * platform_take_array() - memory for an array that has been counted.
 * @count: of elements; set to 0 where there is no memory.
 * @what:  for the complaint: "platform: no memory for ...".
 *
 * Return: NULL when @count is 0.
 */
void *platform_take_array(const struct platform_firmware *firmware, size_t *count, size_t element_bytes,
                          const char *what);

/* platform_take_array() for CPUs, I/O APICs, ISA inputs and NMI inputs, which have been counted. */
void platform_take_interrupt_arrays(const struct platform_firmware *firmware, struct platform *platform);

/* After the second reading of those: a count without an array is 0. */
void platform_drop_counts(struct platform *platform);
