/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The SLIT: the distances between the SRAT's domains. For acpi/numa.h. Pure, hosted-tested.
 * Source: ACPI Specification 6.5, "System Locality Information Table (SLIT)".
 *
 * Context of all: as acpi/view.h's: any.
 */
#include <acpi/view.h>

#define SLIT_LOCAL       10 /* a domain to itself, in a valid table */
#define SLIT_UNREACHABLE 255

struct slit {
    struct acpi_view view;
    uint64_t count;        /* of domains: 0 .. count - 1 */
    const uint8_t *matrix; /* count x count bytes, inside the table: [from * count + to] */
};

/* Return: as acpi_view_table(); STATUS_TRUNCATED, too, when the matrix does not fit into the table. */
status_t slit_parse(const void *data, size_t size_bytes, struct slit *slit) MUST_CHECK;

/* Return: the distance as stored, which need not be the same in both directions; 0 when there is no such
 * domain. */
uint8_t slit_distance(const struct slit *slit, uint64_t from, uint64_t to);
