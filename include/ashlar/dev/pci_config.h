/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * PCI configuration space by mechanism 1 (ports 0xcf8 and 0xcfc): enough to check that a device exists and
 * decodes an address. Not an enumeration of the bus.
 */
#include <ashlar/status.h>

struct pci_device {
    uint8_t bus, device, function; /* device: 0 .. 31; function: 0 .. 7 */
    uint16_t vendor_id, device_id; /* that it is expected to have */
};

/**
 * pci_decode_address() - make sure that a device decodes an address that firmware assigned.
 * @pci:       the device.
 * @is_memory: @address is a memory address; else an I/O port.
 * @address:   of a register; at most 4 KiB (memory) or 256 bytes (ports) into one of its BARs.
 *
 * Where decoding of that space is disabled in the command register, it is enabled; nothing else changes.
 * Return: STATUS_OK; STATUS_NOT_FOUND when there is no such device; STATUS_INVALID when none of its BARs
 *         covers the address: nothing has changed then.
 * Context: any; no concurrent access to ports 0xcf8 and 0xcfc.
 * Source: PCI Local Bus Specification 3.0, 3.2.2.3.2 "Software Generation of Configuration Transactions",
 *         6.2 "Configuration Space Functions".
 */
status_t pci_decode_address(const struct pci_device *pci, bool is_memory, uint64_t address) MUST_CHECK;
