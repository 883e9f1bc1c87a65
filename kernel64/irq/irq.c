/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Vectors and lines.
 *
 * Each CPU has its own table from vector to line, so that all of its vectors can be allocated. A requested
 * line gets the lowest free vector of the CPU that it is routed to; a chip whose vectors are fixed keeps
 * its own.
 *
 * A vector without a line may still be raised: by a controller that was being masked, or by INT. An EOI may
 * be sent only if it is in service; lapic_isr_is_set() tells.
 */
#include <irq/irq.h>

#include <ashlar/mm/kmalloc.h>
#include <ashlar/sync/backoff.h>
#include <ashlar/sync/irqflags.h>
#include <cpu/insn.h>
#include <cpu/percpu.h>
#include <irq/chips.h>
#include <irq/controllers.h>
#include <irq/lapic.h>
#include <irq/vectors.h>
#include <lib/machine_ops.h>
#include <log/log.h>
#include <trap/traps.h>

/*
 * Held while a line's lock is waited for (ashlar/sync/lock_class.h has the order). Taken by threads, and by
 * the timer interrupt when it changes the clockevent; never by a line's handler.
 */
static struct spinlock lines_lock = SPINLOCK("lines", LOCK_IRQ_LINES, LINE_LOCK_POLICY);
/* guarded by lines_lock: what struct irq_line says, the writes of the table below, and: */
static struct irq_line *lines; /* that ever had a handler */

/*
 * The line of each of this CPU's vectors; read by its interrupts. Written under lines_lock by any CPU: a
 * line before its pin is unmasked, which is an uncached write that is ordered after all writes before it,
 * so volatile is enough; NULL once no interrupt of the line can arrive here. An interrupt finds the line,
 * which is never freed, or is unexpected; both get their EOI.
 */
static PERCPU_ARRAY(struct irq_line *volatile, irq_line_of_vector, TRAP_VECTORS);

/* ---- an interrupt ---- */

static void report_storm(const struct irq_line *line)
{
    log_warn("irq", "%s pin %u (GSI %u): %u of %u interrupts unhandled, masked: check its devices",
             line->chip->name, line->pin, line->chip->gsi_base + line->pin, LINE_STORM, LINE_WINDOW);
}

/* A vector that no line has: released a moment ago, or raised by the 8259s without a cause, or by INT. */
static void take_unexpected(uint8_t vector)
{
    if (controllers_take_8259_spurious(vector))
        return;
    if (lapic_mode() != LAPIC_NONE && lapic_isr_is_set(vector))
        lapic_eoi();
}

static void dispatch(struct trap_frame *frame)
{
    struct irq_line *line = PERCPU_MINE_AT(irq_line_of_vector, frame->vector);
    if (!line) {
        take_unexpected((uint8_t)frame->vector);
        return;
    }
    enum line_outcome outcome = line_handle(line);
    if (!line->chip->eoi)
        lapic_eoi();
    if (outcome == LINE_STORM_MASKED)
        report_storm(line);
}

/* ---- vectors ---- */

static bool is_free(unsigned int cpu, unsigned int vector)
{
    trap_handler_fn *handler = traps_handler((uint8_t)vector);
    return !PERCPU_ARRAY_OF(cpu, irq_line_of_vector)[vector] && (!handler || handler == dispatch);
}

/* Return: a vector of @cpu for a line of @chip; 0 when none is free. */
static uint8_t choose_vector(unsigned int cpu, const struct irq_chip *chip, uint32_t pin)
{
    if (chip->fixed_vector != 0)
        return (uint8_t)(chip->fixed_vector + pin);
    for (unsigned int vector = VECTOR_DEVICE_FIRST; vector <= VECTOR_DEVICE_LAST; vector++)
        if (is_free(cpu, vector))
            return (uint8_t)vector;
    return 0;
}

/* Whether its CPU's table has the line at its vector. Context: lines_lock is held. */
static bool leads_to(const struct irq_line *line)
{
    CHECK_HELD(&lines_lock);
    return line->vector != 0 && PERCPU_ARRAY_OF(line->cpu, irq_line_of_vector)[line->vector] == line;
}

/* Masked afterwards; the line is as it was on failure. Context: lines_lock is held. */
static status_t route(struct irq_line *line, struct irq_wiring wiring, const struct irq_target *target)
{
    CHECK_HELD(&lines_lock);
    uint8_t vector = choose_vector(target->cpu, line->chip, line->pin);
    struct irq_route to = { .vector = vector, .apic_id = target->apic_id, .wiring = wiring };
    if (vector == 0)
        return STATUS_NO_MEMORY;
    status_t status = line->chip->route(line->chip, line->pin, &to);
    if (status != STATUS_OK)
        return status;
    line->vector = vector;
    line->cpu = target->cpu;
    line->wiring = wiring;
    CHECK(!PERCPU_ARRAY_OF(target->cpu, irq_line_of_vector)[vector],
          "irq: a vector that a line gets is no other line's");
    PERCPU_ARRAY_OF(target->cpu, irq_line_of_vector)[vector] = line;
    traps_set_handler(vector, dispatch);
    return STATUS_OK;
}

/* ---- requests ---- */

static struct irq_line *find_line(const struct irq_chip *chip, uint32_t pin)
{
    struct irq_line *line = lines;
    while (line && (line->chip != chip || line->pin != pin))
        line = line->next;
    return line;
}

/* A new line is routed to the requesting CPU; the 8259s reach only the BSP. */
static struct irq_target target_of(const struct irq_chip *chip)
{
    if (lapic_mode() == LAPIC_NONE || chip->fixed_vector != 0)
        return (struct irq_target){ 0, 0 };
    return (struct irq_target){ PERCPU_MINE(cpu_number), lapic_id() };
}

/* @spare: a line to use when the pin has none; irq->line is the one that was used. Return: as
   irq_request(). */
static status_t add_to_line(struct irq_line *spare, struct irq *irq, struct irq_wiring wiring)
{
    status_t status = STATUS_OK;
    spin_lock(&lines_lock);
    struct irq_line *line = find_line(spare->chip, spare->pin);
    if (!line) {
        line = spare;
        line->next = lines;
        lines = line;
    }
    irq->line = line;
    if (line->vector == 0) {
        struct irq_target target = target_of(line->chip);
        status = route(line, wiring, &target);
    }
    if (status == STATUS_OK)
        status = line_add(line, irq, wiring);
    spin_unlock(&lines_lock);
    return status;
}

status_t irq_request(uint32_t gsi, struct irq_wiring wiring, irq_handler_fn *handler, void *context,
                     const char *name, struct irq **result)
{
    uint32_t pin;
    struct irq_chip *chip = irq_chip_of(gsi, &pin);
    if (!chip)
        return STATUS_NOT_FOUND;
    struct irq *irq = kmalloc(sizeof(*irq));
    struct irq_line *spare = kmalloc(sizeof(*spare));
    if (!irq || !spare) {
        kfree(irq);
        kfree(spare);
        return STATUS_NO_MEMORY;
    }
    *irq = (struct irq){ .handler = handler, .context = context, .name = name };
    irq_line_init(spare, chip, pin);
    status_t status = add_to_line(spare, irq, wiring);
    if (irq->line != spare)
        kfree(spare);
    if (status != STATUS_OK) {
        kfree(irq);
        return status;
    }
    *result = irq;
    log_debug("irq", "GSI %u, %s pin %u: handler of %s added", gsi, chip->name, pin, name);
    return STATUS_OK;
}

status_t irq_request_isa(uint8_t isa, irq_handler_fn *handler, void *context, const char *name,
                         struct irq **result)
{
    struct irq_wiring wiring;
    uint32_t gsi;
    status_t status = controllers_isa_input(isa, &gsi, &wiring);
    return status == STATUS_OK ? irq_request(gsi, wiring, handler, context, name, result) : status;
}

/* The line stays, without a vector: its CPU may be reading it now. There are no more lines than pins. */
void irq_release(struct irq *irq)
{
    struct irq_line *line = irq->line;
    spin_lock(&lines_lock);
    CHECK(leads_to(line), "irq: the vector of a line leads to it");
    if (line_remove(irq)) {
        PERCPU_ARRAY_OF(line->cpu, irq_line_of_vector)[line->vector] = NULL;
        line->vector = 0;
    }
    spin_unlock(&lines_lock);
    kfree(irq);
}

bool irq_is_storming(const struct irq *irq)
{
    return __atomic_load_n(&irq->line->is_storming, __ATOMIC_RELAXED);
}

/* ---- routing lines away from a CPU ---- */

/*
 * Iterations to wait for an interrupt that a controller has sent to this CPU. Each reads the I/O APIC and the
 * local APIC: a microsecond or more on a board, where such an interrupt needs a few, and several exits under
 * a hypervisor, which may need a millisecond for each if it is nested in another one.
 */
#define ARRIVAL_TURNS 10000

/* Context: lines_lock is held. */
static bool is_here(const struct irq_line *line)
{
    CHECK_HELD(&lines_lock);
    return line->vector != 0 && line->cpu == PERCPU_MINE(cpu_number);
}

/* Return: a line that is routed to this CPU, unless it is released meanwhile; NULL when there is none. */
static struct irq_line *find_line_here(void)
{
    spin_lock(&lines_lock);
    struct irq_line *line = lines;
    while (line && !is_here(line))
        line = line->next;
    spin_unlock(&lines_lock);
    return line;
}

/*
 * Masks a line and routes it to another CPU, unless an interrupt of it is pending here: then it stays masked.
 * Return: whether the attempt is over; @status says how.
 * Context: lines_lock is held.
 */
static bool try_move(struct irq_line *line, const struct irq_target *to, status_t *status)
{
    CHECK_HELD(&lines_lock);
    uint8_t vector = line->vector;
    /* Released since find_line_here(), and perhaps requested by another CPU. */
    if (!is_here(line)) {
        *status = STATUS_OK;
        return true;
    }
    /* Each time: a request that shares the line may have unmasked it. */
    line->chip->mask(line->chip, line->pin);
    if (line->chip->is_in_flight(line->chip, line->pin) || lapic_irr_is_set(vector))
        return false;
    *status = route(line, line->wiring, to);
    if (*status == STATUS_OK)
        PERCPU_MINE_AT(irq_line_of_vector, vector) = NULL;
    line_resume(line);
    return true;
}

/* Unmasks a line that try_move() left masked; it stays routed to this CPU. */
static void stay(struct irq_line *line)
{
    spin_lock(&lines_lock);
    if (is_here(line))
        line_resume(line);
    spin_unlock(&lines_lock);
}

static status_t move_line(struct irq_line *line, const struct irq_target *to)
{
    status_t status = STATUS_TIMEOUT;
    bool is_done = false;
    for (unsigned int turn = 0; !is_done && turn < ARRIVAL_TURNS; turn++) {
        spin_lock(&lines_lock);
        is_done = try_move(line, to, &status);
        spin_unlock(&lines_lock);
        /* Interrupts are on here: a pending one is taken. */
        cpu_relax();
    }
    if (!is_done)
        stay(line);
    return status;
}

status_t irq_offline_cpu(const struct irq_target *to)
{
    status_t status = STATUS_OK;
    struct irq_line *line;
    while (status == STATUS_OK && (line = find_line_here()) != NULL)
        status = move_line(line, to);
    return status;
}

void irq_visit_lines(irq_visit_fn *visit, void *context)
{
    spin_lock(&lines_lock);
    for (const struct irq_line *line = lines; line; line = line->next) {
        CHECK(line->vector == 0 || leads_to(line), "irq: the vector of a line leads to it");
        if (line->vector != 0)
            visit(context, line);
    }
    spin_unlock(&lines_lock);
}

void irq_init(void)
{
    machine_ops.take_unexpected = take_unexpected;
    controllers_init(dispatch);
}
