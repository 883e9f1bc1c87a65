/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * What the hardware says about a machine check.
 */
#include <ashlar/bits.h>

/* A bank's status. Source: Intel SDM vol. 3B, "IA32_MCi_STATUS MSRs". */
#define MC_STATUS_VALID        BIT(63)
#define MC_STATUS_OVERFLOW     BIT(62) /* an earlier error was lost */
#define MC_STATUS_UNCORRECTED  BIT(61)
#define MC_STATUS_MISC         BIT(59) /* MISC register is valid */
#define MC_STATUS_ADDRESS      BIT(58) /* ADDR register is valid */
#define MC_STATUS_CONTEXT_LOST BIT(57)

/**
 * machine_check_report() - each bank of the executing CPU that holds an error, on the consoles.
 *
 * Context: any, also the machine-check exception itself. Changes nothing, so that the firmware
 * finds the errors again after a reset.
 */
void machine_check_report(void);
