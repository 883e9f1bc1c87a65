/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The parts of ELF64 that a loader of executables needs.
 * Source: System V gABI, "Object Files"; x86-64 psABI.
 */
#include <ashlar/check.h>

#define ELF_MAGIC          "\177ELF"
#define ELF_CLASS_64       2
#define ELF_DATA_LSB       1
#define ELF_TYPE_EXEC      2
#define ELF_MACHINE_X86_64 62
#define ELF_PT_LOAD        1
#define ELF_PF_X           1u
#define ELF_PF_W           2u
#define ELF_PF_R           4u

struct elf64_header {
    uint8_t ident[16]; /* magic, class, data, version, ... */
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, program_headers, section_headers;
    uint32_t flags;
    uint16_t header_size, program_header_size, program_header_count;
    uint16_t section_header_size, section_header_count, section_names;
} PACKED;
STATIC_ASSERT(sizeof(struct elf64_header) == 64, "ELF64 header layout");

struct elf64_program_header {
    uint32_t type, flags;
    uint64_t offset, virtual_address, physical_address;
    uint64_t file_size, memory_size, alignment;
} PACKED;
STATIC_ASSERT(sizeof(struct elf64_program_header) == 56, "ELF64 program header layout");
