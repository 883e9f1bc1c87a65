/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The TSC's rate as a hypervisor reports it. Free of hardware, as time/tsc_rate.h.
 *
 * Not for its paravirtual clocks: the TSC is read directly, and the page that is shared for the query is
 * unshared afterwards.
 */
#include <time/tsc_port.h>

/**
 * hypervisor_tsc_rate() - query, in this order:
 * @port: access to the CPU.
 *
 *     leaf 40000010H   in kHz: VMware, VirtualBox, bhyve, KVM if QEMU is configured so; and the LAPIC timer's
 *                      rate
 *     Hyper-V's MSRs   HV_X64_MSR_TSC_FREQUENCY and HV_X64_MSR_APIC_FREQUENCY
 *     KVM's pvclock    the scale from ticks to nanoseconds, by multiplier and shift
 *     Hyper-V's page   the reference TSC page: the scale from ticks to 100 ns
 *     Xen              its time leaf, in kHz
 *
 * A hypervisor may have another one's leaves in addition to its own, each set at a multiple of 100H above
 * 40000000H.
 * Return: source NULL when it reports none; trust is TSC_RATE_GIVEN.
 * Context: the CPU whose TSC it is.
 * Source: VMware article 1009458; Microsoft TLFS, "Feature and Interface Discovery", "Partition Reference
 *         Time Enlightenment"; Linux, Documentation/virt/kvm/x86/cpuid.rst and msr.rst
 *         (MSR_KVM_SYSTEM_TIME_NEW); Xen, public/arch-x86/cpuid.h.
 */
struct tsc_rate hypervisor_tsc_rate(const struct tsc_port *port);
