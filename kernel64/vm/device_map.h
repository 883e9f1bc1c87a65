/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The one way to map what firmware or a loader names: the address is checked (boot/device_window.h), a
 * refusal is a line in the log with its true reason, and what is mapped is remembered, so that nothing else
 * is put there.
 *
 * Not for the allocators' memory: vrange_map_memory(), kmalloc().
 *
 * Context of all: thread or early boot, one caller at a time; after address_space_init().
 */
#include <ashlar/mm/paging.h>
#include <boot/device_window.h>

/**
 * device_map() - registers of a device.
 * @address, @size_bytes: as firmware says.
 * @access: PAGE_UNCACHED, and PAGE_WRITE where it is written.
 * @name:   for the log, vmap and fault reports; stays where it is.
 *
 * Return: where the byte at @address is; NULL when it was refused, which the log says. device_unmap() ends
 * it.
 */
void *device_map(phys_t address, size_t size_bytes, unsigned int access, const char *name);

/* The same for the memory of a screen. @access: PAGE_WRITE with PAGE_WRITE_COMBINING or PAGE_UNCACHED. */
void *device_map_screen(phys_t address, size_t size_bytes, unsigned int access, const char *name);

/* The same for the local APIC, whose address is the CPU's own word (IA32_APIC_BASE). */
void *device_map_lapic(phys_t address);

/* The same for tables, read-only, at any address. Not recorded as a device; unmapped by vrange_unmap(). */
const void *device_map_table(phys_t address, size_t size_bytes, const char *name);

/**
 * device_allow_early() - the check alone, for a console that is mapped before there is a memory map.
 * @request: as for device_map().
 * @name:    of the device, for the log.
 *
 * The firmware's memory maps are searched as they are. An allowed address is recorded as a device.
 * Return: whether it may be mapped; if not, the log says why.
 * Context: after machine_read_handoff().
 */
bool device_allow_early(const struct device_request *request, const char *name);

/* @pointer: from one of these. */
void device_unmap(volatile void *pointer);

/**
 * device_refused() - log that an address is not used.
 * @name, @address: of the device.
 * @reason: for the log line.
 *
 * For drivers' owners that find another device, or none, at the address.
 */
void device_refused(const char *name, phys_t address, const char *reason);
