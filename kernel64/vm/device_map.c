/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Facts about physical addresses, collected for device_check(): the CPU's width, where its local APIC is, the
 * kernel, the swept memory map, and what has been mapped so far.
 *
 * WINDOWS is more than the devices of any machine: a score of I/O APICs, and one of each other kind. A device
 * beyond that is refused, because an overlap with a later one would not be found.
 */
#include <vm/device_map.h>

#include <ashlar/bits.h>
#include <ashlar/check.h>
#include <ashlar/layout.h>
#include <ashlar/mm/vrange.h>
#include <boot/machine.h>
#include <cpu/features.h>
#include <cpu/lapic_base.h>
#include <log/log.h>

#define WINDOWS 128

static struct device_window windows[WINDOWS];
static size_t window_count;

static void check_windows(void)
{
    CHECK(window_count <= WINDOWS, "device map: the list of devices ends within its array");
    for (size_t i = 0; i < window_count; i++) {
        virt_t mapped = virt((uintptr_t)windows[i].mapped);
        CHECK(phys_is_below(windows[i].range.start, windows[i].range.end), "device map: a device has a size");
        CHECK(!windows[i].mapped ||
                  (!virt_is_below(mapped, virt(VRANGE_START)) &&
                   !virt_is_below(virt(VRANGE_END), virt_add(mapped, phys_range_size(windows[i].range)))),
              "device map: a device is mapped where virtual ranges are");
        for (size_t j = 0; j < i; j++)
            CHECK(!phys_ranges_overlap(windows[j].range, windows[i].range),
                  "device map: no two devices overlap");
    }
}

static void add_window(struct phys_range range, const char *name, const void *mapped)
{
    windows[window_count++] = (struct device_window){ .range = range, .name = name, .mapped = mapped };
    check_windows();
}

void device_refused(const char *name, phys_t address, const char *reason)
{
    log_warn("firmware", "%s at P%#lx refused: %s", name, address.raw, reason);
}

static void gather(struct device_space *space)
{
    const struct handoff *handoff = machine_handoff();
    phys_t lapic = cpu_lapic_base();
    *space = (struct device_space){
        .address_end = cpu_address_end(cpu_boot_identity()),
        .kernel = { phys_range_at(phys(handoff->kernel_start), KERNEL_RESERVE_SIZE),
                    phys_range_of(handoff->image_start, handoff->image_end) },
        .windows = windows,
        .window_count = window_count,
    };
    if (phys_is_valid(lapic))
        space->lapic = phys_range_at(lapic, PAGE_SIZE);
    space->ranges = machine_map(&space->range_count);
}

static status_t check(const struct device_request *request, const char *name)
{
    struct device_space space;
    const char *other;
    gather(&space);
    enum device_fault fault = device_check(&space, request, &other);
    if (fault == DEVICE_FAULT_NONE)
        return STATUS_OK;
    /* The caller that reads the table logs its absence. */
    if (request->use == DEVICE_TABLE)
        return STATUS_INVALID;
    log_warn("firmware", "%s at P%#lx refused: %s%s%s%s", name, request->address.raw,
             device_fault_name(fault), other ? " (" : "", other ? other : "", other ? ")" : "");
    return STATUS_INVALID;
}

bool device_allow_early(const struct device_request *request, const char *name)
{
    if (check(request, name) != STATUS_OK)
        return false;
    struct phys_range range = { request->address, phys_add(request->address, request->size_bytes) };
    const char *fault = boot_info_calls_ram(machine_boot_info(), range)
                            ? device_fault_name(DEVICE_FAULT_MEMORY)
                        : window_count == WINDOWS ? "too many devices"
                                                  : NULL;
    if (fault)
        device_refused(name, request->address, fault);
    else
        add_window(range, name, NULL);
    return fault == NULL;
}

static void *map(const struct device_request *request, unsigned int access, const char *name)
{
    void *pointer;
    if (check(request, name) != STATUS_OK)
        return NULL;
    bool is_remembered = request->use != DEVICE_TABLE;
    status_t status = is_remembered && window_count == WINDOWS ? STATUS_TOO_BIG : STATUS_OK;
    if (status == STATUS_OK)
        status = vrange_map_device(request->address, request->size_bytes, access, name, &pointer);
    if (status != STATUS_OK) {
        device_refused(name, request->address,
                       status == STATUS_EXISTS ? "mapped with another memory type" : status_sentence(status));
        return NULL;
    }
    if (is_remembered) {
        add_window((struct phys_range){ request->address, phys_add(request->address, request->size_bytes) },
                   name, pointer);
        log_debug("vm", "%s at P%#lx mapped at %p, %lu bytes", name, request->address.raw, pointer,
                  request->size_bytes);
    }
    return pointer;
}

void *device_map(phys_t address, size_t size_bytes, unsigned int access, const char *name)
{
    const struct device_request request = { address, size_bytes, DEVICE_REGISTERS, false };
    return map(&request, access, name);
}

void *device_map_screen(phys_t address, size_t size_bytes, unsigned int access, const char *name)
{
    const struct device_request request = { address, size_bytes, DEVICE_SCREEN, false };
    return map(&request, access, name);
}

void *device_map_lapic(phys_t address)
{
    const struct device_request request = { address, PAGE_SIZE, DEVICE_REGISTERS, true };
    return map(&request, PAGE_WRITE | PAGE_UNCACHED, "local APIC");
}

const void *device_map_table(phys_t address, size_t size_bytes, const char *name)
{
    const struct device_request request = { address, size_bytes, DEVICE_TABLE, false };
    return map(&request, 0, name);
}

void device_unmap(volatile void *pointer)
{
    CHECK(pointer, "device map: what is unmapped was mapped");
    for (size_t i = 0; i < window_count; i++) {
        if (windows[i].mapped != (const volatile void *)pointer)
            continue;
        windows[i] = windows[--window_count];
        break;
    }
    check_windows();
    vrange_unmap(pointer);
}
