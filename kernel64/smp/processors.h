/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The other CPUs, with the address space and the memory nodes they get, and the memory in their caches.
 * Without SMP: up.c.
 */
#include <ashlar/types.h>

/* smp_start() on this machine. Context: as smp_start(). */
void processors_start(void);

/**
 * processors_drain_frames() - have all CPUs, idle ones too, give frames in their caches back.
 * @frames: how many are wanted; UINT64_MAX: all.
 *
 * Return: how many went back; 0 when the caches are empty.
 * Context: as ipi_call(). The caller holds no lock whose waiters do not poll cross-calls.
 * Cost: cross-calls to all CPUs until enough went back, each with interrupts off for less than 2,000
 *       instructions.
 */
uint64_t processors_drain_frames(uint64_t frames);
