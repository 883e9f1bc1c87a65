/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The HPET table: the address of a timer block. All else, the period included, is in the block's registers.
 * Machines with several blocks have several tables. Pure, hosted-tested.
 * Source: IA-PC HPET Specification 1.0a, "The ACPI 2.0 HPET Description Table (HPET)".
 *
 * Context of all: as acpi/view.h's: any.
 */
#include <acpi/view.h>

struct hpet_table {
    struct acpi_view view;
    uint32_t block_id;     /* vendor in the upper half; a copy of GCAP_ID's lower half */
    struct acpi_gas base;  /* as stored; no HPET unless acpi_gas_is_usable() and in memory */
    uint8_t sequence;      /* number of the block */
    uint16_t minimum_tick; /* 0: not known */
    uint8_t flags;
};

/* Return: as acpi_view_table(). */
status_t hpet_table_parse(const void *data, size_t size_bytes, struct hpet_table *table) MUST_CHECK;
