/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Checks of the device addresses that firmware or the loader gives. Pure, hosted-tested.
 *
 * A wrong device address is worse than none: the first write to it corrupts memory. So it is checked against
 * everything that is known of the physical address space before a page of it is mapped.
 *
 * Not for mapping: that is vm/device_map.h, the interface for those that set up drivers.
 */
#include <ashlar/mm/memmap.h>

enum device_use {
    DEVICE_REGISTERS, /* read and written by a driver */
    DEVICE_SCREEN,    /* pixels or characters: may lie in the PC's video memory and in the framebuffer's
                         reservation */
    DEVICE_TABLE      /* firmware's data, to be read; in memory of any kind */
};

/* The faults of an address, and their texts in the log. */
#define DEVICE_FAULTS(F)                                                                                     \
    F(DEVICE_FAULT_NONE, "nothing")                                                                          \
    F(DEVICE_FAULT_ZERO, "address zero")                                                                     \
    F(DEVICE_FAULT_RANGE, "address out of range")                                                            \
    F(DEVICE_FAULT_ALIGNMENT, "address not aligned")                                                         \
    F(DEVICE_FAULT_FIRST_MIB, "address in the first MiB")                                                    \
    F(DEVICE_FAULT_KERNEL, "address in the kernel")                                                          \
    F(DEVICE_FAULT_LAPIC, "address of the local APIC")                                                       \
    F(DEVICE_FAULT_MEMORY, "address in RAM")                                                                 \
    F(DEVICE_FAULT_TAKEN, "address of another device")

#define DEVICE_FAULT_ENUM(name, words) name,
enum device_fault { DEVICE_FAULTS(DEVICE_FAULT_ENUM) DEVICE_FAULT_COUNT };
#undef DEVICE_FAULT_ENUM

/* A mapped device. In bytes, because two chips may share a page. */
struct device_window {
    struct phys_range range;
    const char *name;
    const void *mapped;
};

/* The use of physical addresses, as far as it is known. */
struct device_space {
    phys_t address_end; /* of the CPU's physical address range */
    struct phys_range lapic;
    /* kernel64 and the boot image, whatever the map lists there. */
    struct phys_range kernel[2];
    const struct memmap_range *ranges; /* the swept map */
    size_t range_count;
    const struct device_window *windows;
    size_t window_count;
};

struct device_request {
    phys_t address;
    uint64_t size_bytes; /* both from firmware: any numbers */
    enum device_use use;
    bool is_lapic; /* the request is for the local APIC */
};

/**
 * device_check() - check an address.
 * @space:   the address space of this machine.
 * @request: what is to be mapped.
 * @other: receives the name of what is there (a kind of memory, a device), or NULL. May be NULL.
 *
 * Registers of 4 bytes and more are aligned to 4. RAM is every kind of the map that is in RAM, also NVS, EFI
 * runtime and memory with errors. Ranges that the map lists as reserved or device, or does not list, can be a
 * device.
 * Return: DEVICE_FAULT_NONE when it may be mapped.
 * Context: any.
 * Cost: linear in the ranges and windows.
 */
enum device_fault device_check(const struct device_space *space, const struct device_request *request,
                               const char **other);

/**
 * device_is_in_memory() - the check for RAM before there is a map.
 * @entries, @count: of firmware and the loader.
 * @range:           the range in question.
 *
 * The part of the range in a RAM entry counts as RAM unless a single other entry, which is not RAM, covers
 * that part. Several entries that cover it together are not recognised.
 * Context: any.
 * Cost: linear in the entries for each RAM entry that overlaps @range.
 */
bool device_is_in_memory(const struct memmap_entry *entries, size_t count, struct phys_range range);

/* Return: "address out of range", ...; never NULL. Context: any. */
const char *device_fault_name(enum device_fault fault);
