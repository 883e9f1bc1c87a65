/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Bits of a machine-check bank's status register.
 * Source: Intel SDM vol. 3B, "IA32_MCi_STATUS MSRs".
 */
#include <ashlar/bits.h>

#define MC_STATUS_VALID        BIT(63)
#define MC_STATUS_OVERFLOW     BIT(62) /* an earlier error was lost */
#define MC_STATUS_UNCORRECTED  BIT(61)
#define MC_STATUS_MISC         BIT(59) /* MISC register is valid */
#define MC_STATUS_ADDRESS      BIT(58) /* ADDR register is valid */
#define MC_STATUS_CONTEXT_LOST BIT(57)
