/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Sizes for people: "640 KiB", "1.99 GiB". Scripts get bytes (ashlar/json.h).
 */
#include <ashlar/types.h>

#define SIZE_TEXT_MAX 16

/**
 * size_text() - a size with a unit and three digits.
 * @bytes: any number.
 * @text:  receives it.
 *
 * In the largest unit from B to EiB in which it is at least 1. Digits are cut off, not rounded: what is not
 * quite 2 GiB is 1.99 GiB. A whole number has no fraction.
 * Return: @text.
 * Context: any.
 */
const char *size_text(uint64_t bytes, char text[SIZE_TEXT_MAX]);
