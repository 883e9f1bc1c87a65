/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The Multiboot2 header. Data and not code; the linker script puts it first, well inside GRUB's 32 KiB
 * window.
 *
 * The memory map is required. All other requests are optional, in a tag of their own that a loader may
 * ignore: a loader that does not know a required tag refuses the whole image.
 */
#include <ashlar/fmt/multiboot2.h>
#include <ashlar/layout.h>

#define TAG(tag_type, tag_flags, member)                                                                     \
    {                                                                                                        \
        .type = tag_type, .flags = tag_flags, .size = sizeof(((struct boot_header *)0)->member)              \
    }

struct boot_header {
    struct mb2_header header;
    struct {
        struct mb2_header_tag tag;
        uint32_t wanted[1];
    } PACKED required ALIGNED(8);
    struct {
        struct mb2_header_tag tag;
        uint32_t wanted[7];
    } PACKED optional ALIGNED(8);
    struct mb2_header_tag_framebuffer framebuffer ALIGNED(8);
    struct mb2_header_tag module_align ALIGNED(8);
    struct mb2_header_tag_relocatable relocatable ALIGNED(8);
    struct mb2_header_tag end ALIGNED(8);
};

#define HEADER_LENGTH ((uint32_t)sizeof(struct boot_header))

static const struct boot_header multiboot2_header USED ALIGNED(8) SECTION(".multiboot2") = {
    .header = { .magic = MB2_HEADER_MAGIC,
                .architecture = MB2_ARCHITECTURE_I386,
                .header_length = HEADER_LENGTH,
                .checksum = 0u - MB2_HEADER_MAGIC - MB2_ARCHITECTURE_I386 - HEADER_LENGTH },
    .required = { TAG(MB2_HEADER_TAG_INFORMATION_REQUEST, 0, required), { MB2_TAG_MEMORY_MAP } },
    .optional = { TAG(MB2_HEADER_TAG_INFORMATION_REQUEST, MB2_HEADER_TAG_OPTIONAL, optional),
                  { MB2_TAG_COMMAND_LINE, MB2_TAG_MODULE, MB2_TAG_FRAMEBUFFER, MB2_TAG_EFI64_SYSTEM_TABLE,
                    MB2_TAG_RSDP_V1, MB2_TAG_RSDP_V2, MB2_TAG_EFI_MEMORY_MAP } },
    .framebuffer = { TAG(MB2_HEADER_TAG_FRAMEBUFFER, MB2_HEADER_TAG_OPTIONAL, framebuffer), 0, 0, 0 },
    .module_align = TAG(MB2_HEADER_TAG_MODULE_ALIGN, 0, module_align),
    .relocatable = { TAG(MB2_HEADER_TAG_RELOCATABLE, MB2_HEADER_TAG_OPTIONAL, relocatable),
                     /* The lowest address is preferred: a small machine has no other. */
                     LARGE_PAGE_SIZE, 0xffffffff, LARGE_PAGE_SIZE, MB2_RELOCATE_LOW },
    .end = TAG(MB2_HEADER_TAG_END, 0, end),
};
