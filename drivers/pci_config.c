/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Configuration mechanism 1: CONFIG_ADDRESS selects what CONFIG_DATA accesses. Segment 0 only.
 *
 * The size of a BAR is not probed: that takes a write to it, with decoding disabled, on a device that
 * firmware may be using. The offset of a console's registers from the base is bounded instead.
 */
#include <ashlar/dev/pci_config.h>
#include <ashlar/io.h>

#define CONFIG_ADDRESS 0xcf8
#define CONFIG_DATA    0xcfc
#define CONFIG_ENABLE  0x80000000u

#define PCI_ID          0x00
#define PCI_COMMAND     0x04 /* the upper half is the status, where written ones clear bits */
#define PCI_HEADER_TYPE 0x0c /* in bits 16 .. 22 */
#define PCI_BAR0        0x10

#define COMMAND_IO     0x01u
#define COMMAND_MEMORY 0x02u

#define BAR_IS_IO    0x01u
#define BAR_IO_MASK  0xfffffffcu
#define BAR_MEM_64   0x04u /* in BAR_MEM_TYPE: the next register is the upper half */
#define BAR_MEM_TYPE 0x06u
#define BAR_MEM_MASK 0xfffffff0u

#define MEMORY_REACH 4096u
#define IO_REACH     256u

static void select_register(const struct pci_device *pci, unsigned int reg)
{
    io_out32(CONFIG_ADDRESS, CONFIG_ENABLE | (uint32_t)pci->bus << 16 | (uint32_t)(pci->device & 31) << 11 |
                                 (uint32_t)(pci->function & 7) << 8 | reg);
}

static uint32_t read_register(const struct pci_device *pci, unsigned int reg)
{
    select_register(pci, reg);
    return io_in32(CONFIG_DATA);
}

/* Type 0 is a device, type 1 a bridge; other types have no BARs that are known here. */
static unsigned int bar_count(const struct pci_device *pci)
{
    unsigned int type = read_register(pci, PCI_HEADER_TYPE) >> 16 & 0x7f;
    return type == 0 ? 6 : type == 1 ? 2 : 0;
}

static bool covers(uint64_t base, uint64_t reach, uint64_t address)
{
    return base != 0 && address >= base && address - base < reach;
}

static bool is_decoded(const struct pci_device *pci, bool is_memory, uint64_t address)
{
    unsigned int count = bar_count(pci);
    for (unsigned int i = 0; i < count; i++) {
        uint32_t bar = read_register(pci, PCI_BAR0 + 4 * i);
        if (bar & BAR_IS_IO) {
            if (!is_memory && covers(bar & BAR_IO_MASK, IO_REACH, address))
                return true;
            continue;
        }
        uint64_t base = bar & BAR_MEM_MASK;
        if ((bar & BAR_MEM_TYPE) == BAR_MEM_64 && i + 1 < count)
            base |= (uint64_t)read_register(pci, PCI_BAR0 + 4 * ++i) << 32;
        if (is_memory && covers(base, MEMORY_REACH, address))
            return true;
    }
    return false;
}

status_t pci_decode_address(const struct pci_device *pci, bool is_memory, uint64_t address)
{
    if (read_register(pci, PCI_ID) != ((uint32_t)pci->device_id << 16 | pci->vendor_id))
        return STATUS_NOT_FOUND;
    if (!is_decoded(pci, is_memory, address))
        return STATUS_INVALID;
    uint32_t command = read_register(pci, PCI_COMMAND) & 0xffff,
             wanted = is_memory ? COMMAND_MEMORY : COMMAND_IO;
    if (!(command & wanted)) {
        select_register(pci, PCI_COMMAND);
        io_out32(CONFIG_DATA, command | wanted);
    }
    return STATUS_OK;
}
