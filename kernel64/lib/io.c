/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Device registers by the instructions that reach them.
 *
 * A memory-mapped register is accessed with an explicit MOV and not through a volatile pointer:
 * hypervisors emulate the instruction that trapped, not all of them know every form a compiler may
 * choose, and a volatile read-modify-write may become one access or two.
 */
#include <ashlar/io.h>

uint8_t io_in8(uint16_t port)
{
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}

uint16_t io_in16(uint16_t port)
{
    uint16_t value;
    __asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}

uint32_t io_in32(uint16_t port)
{
    uint32_t value;
    __asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}

void io_out8(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" ::"a"(value), "Nd"(port) : "memory");
}

void io_out16(uint16_t port, uint16_t value)
{
    __asm__ volatile("outw %0, %1" ::"a"(value), "Nd"(port) : "memory");
}

void io_out32(uint16_t port, uint32_t value)
{
    __asm__ volatile("outl %0, %1" ::"a"(value), "Nd"(port) : "memory");
}

uint8_t mmio_read8(const volatile void *reg)
{
    uint8_t value;
    __asm__ volatile("movb (%1), %0" : "=q"(value) : "r"(reg) : "memory");
    return value;
}

uint16_t mmio_read16(const volatile void *reg)
{
    uint16_t value;
    __asm__ volatile("movw (%1), %0" : "=r"(value) : "r"(reg) : "memory");
    return value;
}

void mmio_write8(volatile void *reg, uint8_t value)
{
    __asm__ volatile("movb %0, (%1)" ::"q"(value), "r"(reg) : "memory");
}

void mmio_write16(volatile void *reg, uint16_t value)
{
    __asm__ volatile("movw %0, (%1)" ::"r"(value), "r"(reg) : "memory");
}

uint32_t mmio_read32(const volatile void *reg)
{
    uint32_t value;
    __asm__ volatile("movl (%1), %0" : "=r"(value) : "r"(reg) : "memory");
    return value;
}

void mmio_write32(volatile void *reg, uint32_t value)
{
    __asm__ volatile("movl %0, (%1)" ::"r"(value), "r"(reg) : "memory");
}
