/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The kernel's implementation of <ashlar/mm/port.h>. Includes none of kernel64's rooms: mm sees this.
 */
#include <ashlar/addr.h>
#include <ashlar/mm/frames.h>
#include <ashlar/status.h>
#include <ashlar/sync/spinlock.h>

static inline void *port_pointer(phys_t address)
{
    return (void *)(uintptr_t)(DIRECT_MAP_START + address.raw);
}

static inline phys_t port_phys(const void *pointer)
{
    return phys((uint64_t)(uintptr_t)pointer - DIRECT_MAP_START);
}

/* All memory is there from the beginning. */
static inline bool port_commit(void *start, size_t size_bytes)
{
    (void)start;
    (void)size_bytes;
    return true;
}

static inline void port_uncommit(void *start, size_t size_bytes)
{
    (void)start;
    (void)size_bytes;
}

static inline void port_note_slab(void *memory, uint64_t size_bytes, const void *objects, uint32_t reciprocal)
{
    (void)memory;
    (void)size_bytes;
    (void)objects;
    (void)reciprocal;
}

/* smp/shootdown.c */
void port_flush(virt_t virt, uint64_t size_bytes);
bool port_flush_table(virt_t virt, uint64_t size_bytes);
void port_block_table_freeing(void);
void port_unblock_table_freeing(void);
bool port_tables_stay(void);

/* layout.h puts the descriptors where these shifts lead; >> of a negative number keeps its sign here. */
static inline struct frame *port_frame(const void *pointer)
{
    return (struct frame *)((intptr_t)pointer >> 9);
}

static inline struct frame *port_frame_of(const void *pointer)
{
    return (struct frame *)(((intptr_t)pointer >> PAGE_SHIFT) * (intptr_t)sizeof(struct frame));
}

static inline void *port_frame_pointer(const struct frame *frame)
{
    return (void *)((uintptr_t)frame << 9);
}

status_t port_prepare_descriptors(struct frame *start, struct frame *end, uint64_t page_size) MUST_CHECK;
status_t port_map_descriptors(struct frame *start, phys_t memory, uint64_t page_size) MUST_CHECK;

/*
 * Per-CPU variables lie in the section that cpu/percpu.h describes: the linked copy is the BSP's, and
 * GS leads each CPU to its own. No thread moves between CPUs.
 */
/* NOLINTNEXTLINE(readability-redundant-declaration): mm may not include cpu/percpu.h. */
extern unsigned int percpu_cpu_number; /* cpu/percpu.c */
/* NOLINTNEXTLINE(readability-redundant-declaration): mm may not include cpu/percpu.h. */
unsigned int percpu_count(void);
/* NOLINTNEXTLINE(readability-redundant-declaration): mm may not include cpu/percpu.h. */
uintptr_t percpu_distance(unsigned int cpu);

static inline unsigned int port_cpu(void)
{
    return *(__seg_gs unsigned int *)(uintptr_t)&percpu_cpu_number;
}

static inline unsigned int port_cpu_count(void)
{
    return percpu_count();
}

#define PORT_PRIVATE
#define PORT_PER_CPU(type, name)         type name SECTION(".bss.percpu")
#define PORT_MINE(name)                  (*(__seg_gs __typeof__(name) *)(uintptr_t)&name)
#define PORT_MINE_AT(type, name, offset) (*(__seg_gs type *)((uintptr_t)&name + (offset)))

#define PORT_OF(name, cpu) ((__typeof__(name) *)(void *)((char *)&(name) + percpu_distance(cpu)))

/* ---- pinning: interrupts are off meanwhile, because handlers may call mm, too ---- */

extern uint64_t percpu_pin_rflags; /* this CPU's, while it is pinned: vm/mm_port.c */

static inline void port_pin(void)
{
    PORT_MINE(percpu_pin_rflags) = local_irq_save().rflags;
}

static inline void port_unpin(void)
{
    irq_flags_t flags = { PORT_MINE(percpu_pin_rflags) };
    __asm__ volatile("" ::: "memory");
    local_irq_restore(flags);
}

/*
 * ---- restartable sequences: common paths that interrupts may cut, for no instruction more ----
 *
 * Restartable sequences. Each takes effect by its last instruction, the commit; until then it has only
 * read, or written where no reader looks. If RIP is in (first, commit] when an interrupt returns, RIP is set
 * back to first: trap/restart.c reads the pairs of addresses from the section .restarts.
 */
#define PORT_RESTART(first, commit)                                                                          \
    ".pushsection .restarts,\"aw\"\n\t.quad " first ", " commit "\n\t.popsection\n\t"

#define PORT_POP(place, ...)                                                                                 \
    ({                                                                                                       \
        __label__ empty_, end_;                                                                              \
        void **top_, *object_;                                                                               \
        __asm__ volatile goto("881: movq " place ", %[top]\n\t"                                              \
                              "movq (%[top]), %[object]\n\t"                                                 \
                              "testq %[object], %[object]\n\t"                                               \
                              "jz %l[empty_]\n\t"                                                            \
                              "subq $8, %[top]\n\t"                                                          \
                              "882: movq %[top], " place "\n\t" PORT_RESTART("881b", "882b")                 \
                              : [top] "=&r"(top_), [object] "=&r"(object_)                                   \
                              : __VA_ARGS__                                                                  \
                              : "cc", "memory"                                                               \
                              : empty_);                                                                     \
        if (!object_)                                                                                        \
            __builtin_unreachable();                                                                         \
        goto end_;                                                                                           \
    empty_:                                                                                                  \
        object_ = NULL;                                                                                      \
    end_:                                                                                                    \
        object_;                                                                                             \
    })

#define PORT_PUSH(place, limit_place, pointer, ...)                                                          \
    ({                                                                                                       \
        __label__ full_, end_;                                                                               \
        void **top_;                                                                                         \
        bool has_slot_ = true;                                                                               \
        __asm__ volatile goto("881: movq " place ", %[top]\n\t"                                              \
                              "cmpq " limit_place ", %[top]\n\t"                                             \
                              "jae %l[full_]\n\t"                                                            \
                              "movq %[object], 8(%[top])\n\t"                                                \
                              "addq $8, %[top]\n\t"                                                          \
                              "882: movq %[top], " place "\n\t" PORT_RESTART("881b", "882b")                 \
                              : [top] "=&r"(top_)                                                            \
                              : [object] "r"((void *)(pointer)), __VA_ARGS__                                 \
                              : "cc", "memory"                                                               \
                              : full_);                                                                      \
        goto end_;                                                                                           \
    full_:                                                                                                   \
        has_slot_ = false;                                                                                   \
    end_:                                                                                                    \
        has_slot_;                                                                                           \
    })

/* The address is absolute where a register is added to it: there is no RIP-relative form with an index. */
#define PORT_STACK_POP(name) PORT_POP("%%gs:%c[base](%%rip)", [base] "i"(&(name)))
#define PORT_STACK_POP_AT(name, offset)                                                                      \
    PORT_POP("%%gs:%c[base](%[at])", [base] "i"(&(name)), [at] "r"((uintptr_t)(offset)))
#define PORT_STACK_PUSH(name, pointer)                                                                       \
    PORT_PUSH("%%gs:%c[base](%%rip)", "%%gs:%c[base]+8(%%rip)", pointer, [base] "i"(&(name)))
#define PORT_STACK_PUSH_AT(name, offset, pointer)                                                            \
    PORT_PUSH("%%gs:%c[base](%[at])", "%%gs:%c[base]+8(%[at])",                                              \
              pointer, [base] "i"(&(name)), [at] "r"((uintptr_t)(offset)))

void port_pause(void); /* smp/ipi.c, up.c */

uint64_t port_ticks(void);
void port_report(const char *format, ...) PRINTF_LIKE(1, 2);
void port_bug(const char *format, ...) PRINTF_LIKE(1, 2);
