/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Blocks are taken from the largest order down, so that there are few of them, and noted in a table whose
 * pages are frames of their own, and not under test. A block is noted by its frame number and order, 8 bytes.
 *
 * A frame that fails is marked in its descriptor, which belongs to the owner of the frame, so any number of
 * them can be marked, by any CPU, without memory. A block with marks is split in halves until those without
 * marks are free and a marked one is a single frame, which stays FRAME_FAILED.
 */
#include <memtest/memory.h>

#include <ashlar/bits.h>
#include <ashlar/mm/buddy.h>
#include <ashlar/mm/frame_cache.h>

#define PAGE_BLOCKS (PAGE_SIZE / sizeof(uint64_t))
#define TABLE_PAGES 64
#define KEPT_ORDER  8 /* MEMTEST_KEPT_BYTES */

/* Pieces of MEMTEST_ANY, between which a test may be stopped; and of MEMTEST_BLOCKS, which must be longer
   than the caches, or what is moved does not reach the RAM. */
#define ANY_BYTES    MIB(1)
#define BLOCKS_BYTES MIB(64)

static struct {
    uint64_t *pages[TABLE_PAGES]; /* of frame number << 8 | order */
    size_t count;                 /* of blocks */
} table;

static struct {
    uint64_t frames;
    phys_t first[MEMTEST_ISOLATED_MAX];
} isolated;

struct block {
    phys_t start;
    unsigned int order;
};

static struct block block_at(size_t index)
{
    uint64_t entry = table.pages[index / PAGE_BLOCKS][index % PAGE_BLOCKS];
    return (struct block){ pfn_to_phys(pfn(entry >> 8)), (unsigned int)(entry & 0xff) };
}

static uint64_t block_bytes(unsigned int order)
{
    return PAGE_SIZE << order;
}

/* ---- taking ---- */

static bool note(phys_t start, unsigned int order)
{
    size_t page = table.count / PAGE_BLOCKS;
    if (page == TABLE_PAGES)
        return false;
    if (!table.pages[page] && !(table.pages[page] = frame_alloc()))
        return false;
    table.pages[page][table.count++ % PAGE_BLOCKS] = phys_to_pfn(start).raw << 8 | order;
    return true;
}

static uint64_t take(uint64_t limit_bytes, bool all)
{
    uint64_t taken = 0;
    for (unsigned int order = BUDDY_ORDERS; order-- > 0;) {
        uint64_t bytes = block_bytes(order);
        while (bytes <= limit_bytes - taken) {
            phys_t start = buddy_alloc(order, all ? BUDDY_URGENT : 0);
            if (!phys_is_valid(start))
                break;
            if (!note(start, order)) {
                buddy_free(start, order);
                return taken;
            }
            taken += bytes;
        }
    }
    return taken;
}

uint64_t memtest_take(uint64_t limit_bytes, bool all)
{
    /* Taken first and freed afterwards: what ordinary requests can get is not what is free, because of the
       zones' reserves. */
    phys_t kept = all ? PHYS_INVALID : buddy_alloc(KEPT_ORDER, 0);
    uint64_t taken = take(limit_bytes, all);
    if (phys_is_valid(kept))
        buddy_free(kept, KEPT_ORDER);
    return taken;
}

/* ---- pieces ---- */

/* The block at a position: of the byte before it when @is_down. @offset: of its start. */
static bool find(uint64_t position, bool is_down, struct block *block, uint64_t *offset)
{
    *offset = 0;
    for (size_t i = 0; i < table.count; i++) {
        *block = block_at(i);
        uint64_t end = *offset + block_bytes(block->order);
        if (is_down ? position <= end : position < end)
            return true;
        *offset = end;
    }
    return false;
}

static void set_piece(struct memtest_piece *piece, phys_t start, uint64_t bytes)
{
    *piece = (struct memtest_piece){ port_pointer(start), bytes / sizeof(uint64_t), start };
}

bool memtest_next_piece(uint64_t *position, uint64_t end, bool is_down, enum memtest_size size,
                        struct memtest_piece *piece)
{
    struct block block;
    uint64_t offset;
    if (*position == end || !find(*position, is_down, &block, &offset))
        return false;
    uint64_t block_end = offset + block_bytes(block.order);
    if (size == MEMTEST_WHOLE) {
        /* One that began in the part before is that part's. */
        if (*position > offset) {
            *position = block_end < end ? block_end : end;
            if (*position == end || !find(*position, false, &block, &offset))
                return false;
        }
        *position = offset + block_bytes(block.order) < end ? offset + block_bytes(block.order) : end;
        set_piece(piece, block.start, block_bytes(block.order));
        return true;
    }
    uint64_t most = size == MEMTEST_BLOCKS ? BLOCKS_BYTES : ANY_BYTES, from, to;
    if (is_down) {
        to = *position;
        from = offset > end ? offset : end;
        from = to - from > most ? to - most : from;
        *position = from;
    } else {
        from = *position;
        to = block_end < end ? block_end : end;
        to = to - from > most ? from + most : to;
        *position = to;
    }
    set_piece(piece, phys_add(block.start, from - offset), to - from);
    return true;
}

/* ---- frames that failed ---- */

static struct frame *frame_at(phys_t address)
{
    return port_frame(port_pointer(phys(align_down(address.raw, PAGE_SIZE))));
}

void memtest_mark(phys_t address)
{
    frame_set_kind(frame_at(address), FRAME_FAILED);
}

static bool is_marked(phys_t address)
{
    return frame_kind(frame_at(address)) == FRAME_FAILED;
}

static bool has_marks(phys_t start, unsigned int order)
{
    for (uint64_t i = 0; i < BIT(order); i++)
        if (is_marked(phys_add(start, i * PAGE_SIZE)))
            return true;
    return false;
}

static void isolate(phys_t frame)
{
    frame_at(frame)->state = frame_state(FRAME_FAILED, 0, 0);
    if (isolated.frames < MEMTEST_ISOLATED_MAX)
        isolated.first[isolated.frames] = frame;
    isolated.frames++;
}

/* Splits the block, and keeps the marks of the heads, which the split writes. */
static void split(phys_t start, unsigned int order)
{
    phys_t middle = phys_add(start, block_bytes(order) / 2);
    bool is_start_marked = is_marked(start), is_middle_marked = is_marked(middle);
    frame_set_kind(frame_at(start), FRAME_TAKEN);
    buddy_split(start, order);
    if (is_start_marked)
        memtest_mark(start);
    if (is_middle_marked)
        memtest_mark(middle);
}

/* Of a block with marks: the lower half goes on, the upper halves wait on a stack of one an order. */
static void give_marked(phys_t start, unsigned int order)
{
    phys_t waiting[BUDDY_ORDERS];
    unsigned int orders[BUDDY_ORDERS], depth = 0;
    for (;;) {
        if (!has_marks(start, order)) {
            buddy_free(start, order);
        } else if (order > 0) {
            split(start, order--);
            waiting[depth] = phys_add(start, block_bytes(order));
            orders[depth++] = order;
            continue;
        } else {
            isolate(start);
        }
        if (depth == 0)
            return;
        start = waiting[--depth];
        order = orders[depth];
    }
}

uint64_t memtest_give(void)
{
    uint64_t before = isolated.frames;
    for (size_t i = 0; i < table.count; i++) {
        struct block block = block_at(i);
        give_marked(block.start, block.order);
    }
    table.count = 0;
    for (size_t page = 0; page < TABLE_PAGES && table.pages[page]; page++) {
        frame_free(table.pages[page]);
        table.pages[page] = NULL;
    }
    return isolated.frames - before;
}

uint64_t memtest_isolated_frames(void)
{
    return isolated.frames;
}

phys_t memtest_isolated(unsigned int index)
{
    return index < MEMTEST_ISOLATED_MAX && index < isolated.frames ? isolated.first[index] : PHYS_INVALID;
}
