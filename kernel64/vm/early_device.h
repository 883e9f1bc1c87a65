/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Devices that are mapped before there is a memory map, at the same addresses in the stub's page tables and
 * in the kernel's own: a console writes before the switch from one to the other, and after it.
 */
#include <ashlar/mm/paging.h>
#include <boot/device_window.h>

/**
 * early_device_map() - device memory that the loader or firmware names, for a console.
 * @address, @size_bytes: any numbers.
 * @use:    DEVICE_SCREEN or DEVICE_REGISTERS.
 * @access: PAGE_WRITE and a memory type, as for device_map().
 * @name:   for a refusal's line in the log, and for vmap.
 *
 * Before address_space_init() at most EARLY_DEVICES_MAX times; afterwards it is device_map() or
 * device_map_screen().
 * Return: where the byte at @address is mapped, permanently; NULL when the address is refused or there are no
 *         frames for page tables.
 * Context: the BSP. In a panic before machine_read_handoff() too, below BOOT_DIRECT_MAP_SIZE.
 */
void *early_device_map(phys_t address, size_t size_bytes, enum device_use use, unsigned int access,
                       const char *name);

/* A framebuffer or text screen, and a UART. */
#define EARLY_DEVICES_MAX 4

/* Maps all of it in @paging as well. Return: as paging_map(). Context: address_space_init(), before the
   switch. */
status_t early_device_map_again(struct paging *paging) MUST_CHECK;
