/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * PCI configuration space by the two I/O ports that every PC has: enough to ask whether a device is there and
 * decodes an address. Not an enumeration of the bus.
 */
#include <ashlar/status.h>

struct pci_device {
    uint8_t bus, device, function; /* device: 0 .. 31; function: 0 .. 7 */
    uint16_t vendor_id, device_id; /* that it is expected to have */
};

/**
 * pci_decode_address() - make sure that a device answers at an address which firmware gave it.
 * @pci:       the device.
 * @is_memory: the address is one of memory; else of an I/O port.
 * @address:   a register's; at most 4 KiB (memory) or 256 bytes (ports) into one of its base address
 *             registers.
 *
 * Where decoding of that space is off in the command register, it is switched on; nothing else changes.
 * Return: STATUS_OK; STATUS_NOT_FOUND when that device is not there; STATUS_INVALID when none of its base
 *         address registers covers the address: nothing has changed then.
 * Context: nobody else uses ports 0xcf8 and 0xcfc meanwhile.
 * Source: PCI Local Bus Specification 3.0, 3.2.2.3.2 "Software Generation of Configuration Transactions",
 *         6.2 "Configuration Space Functions".
 */
status_t pci_decode_address(const struct pci_device *pci, bool is_memory, uint64_t address) MUST_CHECK;
