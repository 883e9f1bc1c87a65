/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Decoding of registers, exceptions and machine checks into text. Pure: hosted tests check it.
 *
 * Every function writes at most @size bytes with the NUL into @buffer, truncates the rest, and returns
 * @buffer. DECODE_MAX bytes hold any of them.
 *
 * Context of all: any, also NMI and panic.
 */
#include <ashlar/types.h>

#define DECODE_MAX 200

/* Bits by name, highest first: "PG WP PE"; bits without a name as one number: "WP +0x40". */
const char *decode_cr0(uint64_t cr0, char *buffer, size_t size);
const char *decode_cr4(uint64_t cr4, char *buffer, size_t size);
const char *decode_efer(uint64_t efer, char *buffer, size_t size);
const char *decode_rflags(uint64_t rflags, char *buffer, size_t size);

/* The memory types of the eight PAT entries: "WB WT UC- UC WC WT UC- UC". */
const char *decode_pat(uint64_t pat, char *buffer, size_t size);

/* A machine-check bank's status: "error in the cache hierarchy, uncorrected, processor context corrupt". */
const char *decode_machine_check(uint64_t status, char *buffer, size_t size);

/* "page fault"; "reserved exception" for unassigned vectors; "interrupt" from 32 on. @vector: any number.
   Constant strings. */
const char *decode_exception(uint64_t vector);
/* "#PF"; "" for a vector without a mnemonic. */
const char *decode_exception_mnemonic(uint64_t vector);

/**
 * decode_error_code() - decode the error code of an exception.
 * @vector:     any number; for one without an error code the text is "none".
 * @error_code: as the CPU pushed it.
 * @buffer:     receives the text, @size bytes at most.
 *
 * "write to a page that is not present, by the kernel"; "selector 0x28, entry 5 of the GDT".
 */
const char *decode_error_code(uint64_t vector, uint64_t error_code, char *buffer, size_t size);
