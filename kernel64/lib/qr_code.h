/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * QR codes: bytes as a square of dark and light modules, which a telephone's camera reads. Byte mode, the
 * error-correction level L: a screen is not scratched, and the lowest level has the most bytes.
 *
 * Not for drawing: the caller adds the light border of QR_QUIET_MODULES that readers need.
 *
 * Context of all: any. They allocate nothing, lock nothing, and write only to the code given to them.
 * Source: ISO/IEC 18004:2015.
 */
#include <ashlar/status.h>

#define QR_VERSION_MAX   40
#define QR_SIZE_MAX      177
#define QR_QUIET_MODULES 4
#define QR_CODEWORDS_MAX 3706

struct qr_code {
    uint8_t version; /* 1 .. QR_VERSION_MAX */
    uint8_t size;    /* modules in a row and in a column: 17 + 4 * version */
    uint8_t modules[(QR_SIZE_MAX * QR_SIZE_MAX + 7) / 8]; /* row after row; 1 is dark */
    uint8_t codewords[QR_CODEWORDS_MAX]; /* as they are placed: data and error correction, interleaved */
};

/* Return: the bytes that a code of this version holds. @version: 1 .. QR_VERSION_MAX. */
size_t qr_capacity(unsigned int version);

/* Return: the least version whose capacity is @length bytes or more; 0 when there is none. */
unsigned int qr_version_for(size_t length);

/**
 * qr_encode() - make the code of a text.
 * @code:    receives it.
 * @version: 1 .. QR_VERSION_MAX.
 * @bytes:   @length bytes, any values. Readers take them for UTF-8.
 *
 * Return: STATUS_OK; STATUS_INVALID when @version is out of range or @length is above its capacity.
 * Cost: some 400 instructions a module, because eight masks are tried: 12 million at version 40.
 */
status_t qr_encode(struct qr_code *code, unsigned int version, const uint8_t *bytes,
                   size_t length) MUST_CHECK;

/* Return: whether a module is dark. @x, @y: column and row, below @code->size. */
bool qr_is_dark(const struct qr_code *code, unsigned int x, unsigned int y);
