/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Control-register bits and model-specific registers that more than one folder needs. Numbers only, no casts
 * and no ULL: NASM reads this file too, through asm_constants.
 * Source: Intel SDM vol. 3A, "Control Registers"; vol. 4, "Architectural MSRs";
 *         vol. 2A, "CPUID - CPU Identification".
 */
#define CR0_PE 0x00000001
#define CR0_MP 0x00000002
#define CR0_EM 0x00000004
#define CR0_TS 0x00000008
#define CR0_ET 0x00000010
#define CR0_NE 0x00000020
#define CR0_WP 0x00010000
#define CR0_AM 0x00040000
#define CR0_NW 0x20000000
#define CR0_CD 0x40000000
#define CR0_PG 0x80000000

#define CR4_DE       0x00000008
#define CR4_PSE      0x00000010
#define CR4_PAE      0x00000020
#define CR4_MCE      0x00000040
#define CR4_PGE      0x00000080
#define CR4_UMIP     0x00000800
#define CR4_LA57     0x00001000
#define CR4_FSGSBASE 0x00010000
#define CR4_SMEP     0x00100000
#define CR4_SMAP     0x00200000

#define EFER_SCE 0x001
#define EFER_LME 0x100
#define EFER_LMA 0x400
#define EFER_NXE 0x800

#define MSR_APIC_BASE  0x0000001b
#define MSR_TSC_ADJUST 0x0000003b
#define MSR_PAT        0x00000277
#define MSR_EFER       0xc0000080
/* AMD APM vol. 2, "MSR Cross-Reference"; bit 1: LFENCE is dispatch serialising. */
#define MSR_DE_CFG     0xc0011029
#define DE_CFG_LFENCE  0x2
#define MSR_FS_BASE    0xc0000100
#define MSR_GS_BASE    0xc0000101

#define RFLAGS_FIXED 0x00000002 /* always set */
#define RFLAGS_TF    0x00000100
#define RFLAGS_IF    0x00000200
#define RFLAGS_DF    0x00000400
#define RFLAGS_AC    0x00040000
#define RFLAGS_ID    0x00200000
