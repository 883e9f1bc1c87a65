/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * A UART at one address, for tests of its driver; every other port reads as nothing. One test program has
 * one. Its registers are I/O ports, or memory some bytes apart that answers accesses of one size only.
 *
 * Its interrupt is a line whose rising edges are kept until the test delivers them, as an interrupt
 * controller does.
 * Source: National Semiconductor PC16550D data sheet, "Interrupt Identification Register".
 */
#include <ashlar/dev/uart16550.h>
#include <ashlar/io.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <string.h>

#define PORT      0x2f8
#define FIFO_SIZE 16

struct uart_model {
    /* where it is */
    bool is_memory;
    unsigned int stride, access; /* bytes; 0: 1 */
    unsigned int odd_accesses;   /* of another size, or between two registers, or to the other space */

    /* what kind of UART */
    bool is_present, has_scratch, has_loopback, has_fifo, has_broken_fifo;
    uint8_t absent_reads; /* what an empty port returns; 0 with is_echo: the last byte written */
    bool is_echo;
    unsigned int reads_to_empty; /* status reads until the transmitter is empty; 0: at once */
    bool never_empties;
    bool claims_always; /* IIR: always_cause */
    uint8_t always_cause;

    /* its registers */
    uint8_t interrupt_enable, line_control, modem_control, scratch, last_written;
    uint16_t divisor;
    bool fifo_enabled;
    unsigned int in_transmitter, reads_left;
    bool sent_pending, is_overrun, line_pending;

    /* its interrupt */
    bool is_asserted, has_edge;
    unsigned int claimed, unclaimed; /* of those delivered */

    /* what was seen */
    char sent[65536];
    size_t sent_count;
    unsigned int accesses, status_reads, overruns, divisor_changes_in_flight, divisor_writes;
    void (*on_sent)(void); /* what another CPU does meanwhile */

    struct {
        uint8_t value, errors; /* status bits that are set with it, once */
    } received[FIFO_SIZE];
    size_t received_count;
};

extern struct uart_model device;
extern uint8_t uart_model_window[64]; /* where its registers are in memory */

/* The line has sent all that is in the transmitter. */
void transmitter_empties(void);

/* A byte arrives on the line, with the error bits of LSR that it sets. */
void receive_byte(uint8_t value, uint8_t errors);
void receive(const char *text);

/* ---- the driver on it ---- */

extern struct uart16550 uart;

/* Set-up of a cmocka test: a UART with all features at PORT. */
int plug_in(void **state);

status_t init_at(uint32_t baud) MUST_CHECK;
void init(void);
void write_text(const char *text);
void expect_sent(const char *text);

#define TEST(claim) cmocka_unit_test_setup(claim, plug_in)
