/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory of any size: a table from size to slab cache, and blocks of frames above.
 *
 * kfree() needs no size: the frame's descriptor has the slot of the cache, or says that a block
 * of kmalloc's begins here and with which order.
 */
#include <ashlar/mm/kmalloc.h>

#include <ashlar/mm/buddy.h>
#include <ashlar/sync/context.h>

#include "kmalloc_fast.h"

/* Steps of 8 bytes up to 64, then four to a doubling. The smallest is what a slab's bits can hold. */
/* clang-format off */
#define SIZE_CLASSES(C)                                                                                      \
    C(16) C(24) C(32) C(40) C(48) C(56) C(64) C(80) C(96) C(112) C(128) C(160) C(192) C(224) C(256) C(320)   \
    C(384) C(448) C(512) C(640) C(768) C(896) C(1024) C(1280) C(1536) C(1792) C(2048) C(2560) C(3072)        \
    C(3584) C(4096) C(5120) C(6144) C(7168) C(8192)
/* clang-format on */

static const struct {
    uint16_t size;
    const char *name;
} size_classes[] = {
#define SIZE_CLASS(size) { size, "kmalloc-" #size },
    SIZE_CLASSES(SIZE_CLASS)
#undef SIZE_CLASS
};

uint16_t kmalloc_small_slots[KMALLOC_SMALL_MAX / KMALLOC_SMALL_STEP + 1];
uint16_t kmalloc_medium_slots[KMALLOC_SLAB_MAX / KMALLOC_MEDIUM_STEP + 1];

static uint64_t large_blocks, large_frames; /* in use; atomic */

/* ---- blocks of frames ---- */

static unsigned int order_of(size_t size_bytes)
{
    return size_bytes <= PAGE_SIZE ? 0 : 64 - (unsigned int)__builtin_clzll((size_bytes - 1) >> PAGE_SHIFT);
}

/* In a checked build with a red zone, unless the block is then too large. Not inline: otherwise
   kmalloc_slow(), the usual path of objects above KMALLOC_SMALL_MAX, would save registers for it. */
static NOINLINE void *alloc_block(size_t size_bytes, const void *caller)
{
    size_t needed =
        slab_checks_new_caches && size_bytes <= KMALLOC_MAX ? checked_block_size(size_bytes) : size_bytes;
    bool is_checked = needed > size_bytes && needed <= KMALLOC_MAX;
    unsigned int order = order_of(is_checked ? needed : size_bytes);
    size_t block_bytes = PAGE_SIZE << order;
    phys_t block = size_bytes <= KMALLOC_MAX ? buddy_alloc(order, 0) : PHYS_INVALID;
    if (!phys_is_valid(block))
        return NULL;
    if (!port_commit(port_pointer(block), is_checked ? block_bytes : size_bytes)) {
        buddy_free(block, order);
        return NULL;
    }
    struct frame *head = port_frame(port_pointer(block));
    frame_set_kind(head, FRAME_LARGE);
    if (is_checked) {
        head->state |= FRAME_FLAG_CHECKED << 16;
        checked_block_begin(port_pointer(block), block_bytes, size_bytes, caller);
    }
    __atomic_fetch_add(&large_blocks, 1, __ATOMIC_RELAXED);
    __atomic_fetch_add(&large_frames, BIT(order), __ATOMIC_RELAXED);
    return port_pointer(block);
}

static bool is_checked_block(const struct frame *head)
{
    return (frame_flags(head) & FRAME_FLAG_CHECKED) != 0;
}

static void free_block(void *pointer, struct frame *head, const void *caller)
{
    uint32_t state = __atomic_load_n(&head->state, __ATOMIC_RELAXED);
    uint32_t taken = (state & ~(0xffu | FRAME_FLAG_CHECKED << 16)) | FRAME_TAKEN;
    if ((state & 0xff) != FRAME_LARGE || !is_aligned((uintptr_t)pointer, PAGE_SIZE) ||
        !__atomic_compare_exchange_n(&head->state, &state, taken, false, __ATOMIC_ACQ_REL,
                                     __ATOMIC_RELAXED)) {
        port_bug(
            "kmalloc: %p was freed from %pS, but nothing that kmalloc gave begins there (descriptor %#x)",
            pointer, caller, state);
        return;
    }
    unsigned int order = state >> 8 & 0xff;
    /* Where reports return, an overrun block is leaked rather than reused. */
    if ((state >> 16 & FRAME_FLAG_CHECKED) && !checked_block_end(pointer, PAGE_SIZE << order, caller))
        return;
    __atomic_fetch_sub(&large_blocks, 1, __ATOMIC_RELAXED);
    __atomic_fetch_sub(&large_frames, BIT(order), __ATOMIC_RELAXED);
    port_uncommit(pointer, PAGE_SIZE << order);
    buddy_free(port_phys(pointer), order);
}

struct kmalloc_blocks kmalloc_blocks(void)
{
    return (struct kmalloc_blocks){ __atomic_load_n(&large_blocks, __ATOMIC_RELAXED),
                                    __atomic_load_n(&large_frames, __ATOMIC_RELAXED) };
}

/* ---- any size ---- */

void *kmalloc_slow(size_t size_bytes, const void *caller)
{
    if (size_bytes > KMALLOC_SLAB_MAX)
        return alloc_block(size_bytes, caller);
    size_t slot = kmalloc_slot(size_bytes);
    void *object = magazine_pop(slot); /* the larger classes' common path */
    return LIKELY(object != NULL) ? object : slab_alloc_slow(SLAB_SLOT_CACHE(slot), size_bytes, caller);
}

static void *alloc(size_t size_bytes, const void *caller)
{
    CHECK_MAY_ALLOCATE();
    void *object = kmalloc_fast(size_bytes);
    return LIKELY(object != NULL) ? object : kmalloc_slow(size_bytes, caller);
}

void *kmalloc(size_t size_bytes)
{
    CHECK_MAY_ALLOCATE();
    if (UNLIKELY(size_bytes > KMALLOC_SMALL_MAX))
        goto slow;
    void *object = kmalloc_fast(size_bytes);
    if (LIKELY(object != NULL))
        return object;
slow: /* one place, so that the caller's address is fetched on the slow path only */
    return kmalloc_slow(size_bytes, __builtin_return_address(0));
}

void kfree_slow(void *pointer, const void *caller)
{
    struct frame *frame = port_frame_of(pointer);
    if (frame_kind(frame) == FRAME_SLAB)
        slab_free_slow(SLAB_SLOT_CACHE(frame_flags(frame)), pointer, caller);
    else
        free_block(pointer, frame, caller);
}

void kfree(void *pointer)
{
    CHECK_MAY_ALLOCATE();
    if (LIKELY(pointer != NULL) && UNLIKELY(!kfree_fast(pointer)))
        kfree_slow(pointer, __builtin_return_address(0));
}

size_t kmalloc_usable_size(const void *pointer)
{
    const struct frame *frame = port_frame_of(pointer);
    if (frame_kind(frame) != FRAME_SLAB)
        return is_checked_block(frame)
                   ? checked_block_requested((void *)(uintptr_t)pointer, PAGE_SIZE << frame_order(frame))
                   : PAGE_SIZE << frame_order(frame);
    const struct slab_cache *cache = SLAB_SLOT_CACHE(frame_flags(frame));
    return cache->is_checked ? checked_requested(cache, pointer) : cache->object_size;
}

/* ---- the relatives ---- */

void *kcalloc(size_t count, size_t size_bytes)
{
    size_t product;
    if (!multiply_fits(count, size_bytes, &product))
        return NULL;
    void *pointer = alloc(product, __builtin_return_address(0));
    if (pointer)
        __builtin_memset(pointer, 0, product);
    return pointer;
}

/* In place as long as at least half of it stays in use. Checked objects always move, to show who kept the old
   pointer. */
static bool may_stay(const void *pointer, size_t usable, size_t size_bytes)
{
    const struct frame *frame = port_frame_of(pointer);
    if (frame_kind(frame) == FRAME_SLAB ? SLAB_SLOT_CACHE(frame_flags(frame))->is_checked
                                        : is_checked_block(frame))
        return false;
    return size_bytes <= usable && (size_bytes >= usable / 2 || usable <= size_classes[0].size);
}

void *krealloc(void *pointer, size_t size_bytes)
{
    const void *caller = __builtin_return_address(0);
    if (!pointer)
        return alloc(size_bytes, caller);
    size_t usable = kmalloc_usable_size(pointer);
    if (may_stay(pointer, usable, size_bytes))
        return pointer;
    void *moved = alloc(size_bytes, caller);
    if (!moved)
        return size_bytes <= usable ? pointer : NULL;
    __builtin_memcpy(moved, pointer, usable < size_bytes ? usable : size_bytes);
    if (!kfree_fast(pointer))
        kfree_slow(pointer, caller);
    return moved;
}

/* ---- init ---- */

static size_t alignment_of(size_t size)
{
    if (slab_checks_new_caches)
        return 16; /* for the hosted library, which does not round sizes then */
    if (!is_power_of_two(size))
        return size % 16 == 0 ? 16 : 8;
    return size < PAGE_SIZE ? size : PAGE_SIZE;
}

status_t kmalloc_init(void)
{
    size_t small = 0, medium = 0;
    for (size_t i = 0; i < ARRAY_LEN(size_classes); i++) {
        size_t size = size_classes[i].size;
        struct slab_cache *cache = slab_cache_create(size_classes[i].name, size, alignment_of(size), NULL);
        if (!cache)
            return STATUS_NO_MEMORY;
        for (; small < ARRAY_LEN(kmalloc_small_slots) && small * KMALLOC_SMALL_STEP <= size; small++)
            kmalloc_small_slots[small] = (uint16_t)cache->slot;
        for (; medium < ARRAY_LEN(kmalloc_medium_slots) && medium * KMALLOC_MEDIUM_STEP <= size; medium++)
            kmalloc_medium_slots[medium] = (uint16_t)cache->slot;
    }
    large_blocks = large_frames = 0;
    return STATUS_OK;
}
