/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Whether an address that firmware or a loader names can be what it is said to be. Pure, hosted-tested.
 *
 * A wrong address of a device is worse than none: the first write to it changes somebody's memory. So it is
 * held against everything that is known of the physical address space before a page of it is mapped.
 *
 * Not for mapping: vm/device_map.h does that, and is what drivers' owners call.
 */
#include <ashlar/mm/memmap.h>

enum device_use {
    DEVICE_REGISTERS, /* read and written by a driver */
    DEVICE_SCREEN, /* pixels or characters: may lie in the PC's video memory and in the framebuffer's claim */
    DEVICE_TABLE   /* bytes of firmware's to read; lies in memory of any kind */
};

/* What is wrong with an address, and the words for the log. */
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

/* A device that is mapped: to the byte, because two chips may share a page. */
struct device_window {
    uint64_t start, end;
    const char *name;
    const void *mapped;
};

/* What is known of physical addresses. */
struct device_space {
    uint64_t address_end; /* the CPU has no address from here on */
    struct phys_range lapic;
    /* kernel64 and the boot image: known even where the map calls them something else. */
    struct phys_range kernel[2];
    const struct memmap_range *ranges; /* the swept map */
    size_t range_count;
    const struct device_window *windows;
    size_t window_count;
};

struct device_request {
    uint64_t address, size_bytes; /* as firmware says: any numbers */
    enum device_use use;
    bool is_lapic; /* the local APIC itself asks */
};

/**
 * device_check() - what is wrong with an address.
 * @space:   the address space of this machine.
 * @request: what is to be mapped.
 * @other: receives a word on what is there (a kind of memory, a device's name), or NULL. May be NULL.
 *
 * Registers of 4 bytes and more are aligned to 4. RAM here is every kind of the map that lies in RAM: also
 * NVS, EFI runtime and memory with errors. What the map calls reserved or device, or does not mention, can be
 * a device.
 * Return: DEVICE_FAULT_NONE when it may be mapped.
 * Context: any. Cost: one look at each range and window.
 */
enum device_fault device_check(const struct device_space *space, const struct device_request *request,
                               const char **other);

/**
 * device_is_in_memory() - the same question before there is a map: whether claims say that RAM is there.
 * @claims, @count: as firmware and loader made them.
 * @start, @end:    the range in question.
 *
 * A claim of RAM that one stricter claim covers, as far as the two meet, is none.
 * Context: any. Cost: for each claim of RAM that meets [start, end), one look at all.
 */
bool device_is_in_memory(const struct memmap_entry *claims, size_t count, uint64_t start, uint64_t end);

/* Return: "address out of range", ...; never NULL. Context: any. */
const char *device_fault_name(enum device_fault fault);
