/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Access to device registers, as functions, so that a hosted test can model the device: kernel64 links the
 * instructions, a unit test links a model. Bulk memory (a framebuffer's pixels) is a plain pointer instead.
 *
 * Context of all: any, interrupts on or off. The functions take no lock and order no ordinary memory access
 * beyond what the instruction itself does.
 */
#include <ashlar/types.h>

uint8_t io_in8(uint16_t port);
uint16_t io_in16(uint16_t port);
uint32_t io_in32(uint16_t port);
void io_out8(uint16_t port, uint8_t value);
void io_out16(uint16_t port, uint16_t value);
void io_out32(uint16_t port, uint32_t value);

/* @reg: a mapped device register, naturally aligned. Exactly one bus access each. */
uint8_t mmio_read8(const volatile void *reg);
uint16_t mmio_read16(const volatile void *reg);
uint32_t mmio_read32(const volatile void *reg);
void mmio_write8(volatile void *reg, uint8_t value);
void mmio_write16(volatile void *reg, uint16_t value);
void mmio_write32(volatile void *reg, uint32_t value);
