/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * All that mm asks of the machine. It is resolved when compiling, by which folder with an
 * <mm_port.h> is on the include path, and not by function pointers: the allocators' common paths
 * count single instructions.
 *
 *   kernel64/glue/port/mm_port.h   the kernel's answers
 *   tests/hosted/mm_port.h         a process's: "physical" memory is a block the test brings
 *
 * Each answers, as a function or an inline:
 *
 *   void *port_pointer(phys_t address)
 *       Where a physical page can be read and written. @address: RAM.
 *   phys_t port_phys(const void *pointer)
 *       The way back. @pointer: from port_pointer(), or inside that page.
 *   void port_flush(uint64_t virt, uint64_t size_bytes)
 *       Translations of [virt, virt + size_bytes) are forgotten on every CPU before this returns.
 */
#include <ashlar/addr.h>

#include <mm_port.h>
