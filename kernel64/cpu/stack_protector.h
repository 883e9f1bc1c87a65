/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The number that lies between a function's arrays and its return address.
 */
#include <ashlar/types.h>

/**
 * stack_protector_init() - choose the guard.
 *
 * Functions that were entered before hold the old guard and must not return afterwards: so this
 * is called by kernel64_main(), which never returns, before anything else.
 * Context: the first CPU's first call.
 */
void stack_protector_init(void);
