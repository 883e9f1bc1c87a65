/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Whether local APICs are used in x2APIC mode. Free of hardware: hosted tests supply the facts.
 *
 * Intel and AMD want interrupt remapping set up before x2APIC mode is entered, and this kernel does not
 * program it; firmware has been tested with systems that keep to that (Intel SDM vol. 3A, "Extended XAPIC
 * (x2APIC)"; Intel VT-d specification, "Interrupt Remapping"). So the mode is entered only where there is a
 * reason to.
 */
#include <ashlar/types.h>

struct x2apic_facts {
    bool has_it;                 /* CPUID */
    bool is_on;                  /* firmware left the LAPIC in it */
    bool is_locked;              /* and it cannot be left: IA32_XAPIC_DISABLE_STATUS */
    bool is_refused_by_user;     /* the option nox2apic */
    bool is_wanted_by_user;      /* the option x2apic */
    bool is_refused_by_firmware; /* DMAR, X2APIC_OPT_OUT */
    bool has_erratum;            /* ERRATUM_X2APIC */
    bool has_wide_ids;           /* a CPU has an APIC ID above 254 */
    bool has_no_registers;       /* those of xAPIC mode cannot be mapped */
    bool is_renumbered;          /* the BSP's APIC ID in xAPIC mode is not its initial one */
    bool is_offered;             /* x2apic_is_offered_by() the hypervisor */
};

struct x2apic_choice {
    bool is_used;
    const char *why; /* for the log */
};

/**
 * x2apic_choose() - the mode for a machine.
 * @facts: about it.
 *
 * Return: the mode and the reason.
 * Context: any.
 */
struct x2apic_choice x2apic_choose(const struct x2apic_facts *facts);

/**
 * x2apic_is_offered_by() - whether a hypervisor supports the mode without interrupt remapping.
 * @signature: its name, of CPUID leaf 40000000H; "" for none.
 * @vmware:    the answer of VMware's GETVCPU_INFO; 0 elsewhere.
 *
 * Return: false for an unknown hypervisor.
 * Context: any.
 */
bool x2apic_is_offered_by(const char *signature, uint32_t vmware);
