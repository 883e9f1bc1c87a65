/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The guard between a function's arrays and its return address.
 */
#include <ashlar/types.h>

/* The guard until stack_protector_init(). */
#define STACK_GUARD_AS_LINKED 0x595e9fbd94fda700

/**
 * stack_protector_init() - choose the guard.
 *
 * Functions that were entered before hold the old guard and must not return afterwards: so this
 * is called by kernel64_main(), which never returns, right after cpu_features_init().
 * Context: the BSP, before anything that may panic.
 */
void stack_protector_init(void);
