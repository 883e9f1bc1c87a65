/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Gates for #VC and #VE, and the fatal error of a confidential guest. The other exceptions have no gate: they
 * reset the machine.
 */
#include "confidential.h"

#include "console.h"

#define VECTOR_VE         20
#define VECTOR_VC         29
#define GATES             (VECTOR_VC + 1)
#define INTERRUPT_GATE_32 0x8e00

/* The GHCB MSR, and the termination request with reason 0. Source: AMD GHCB specification, "GHCB MSR
   Protocol", 0x100. */
#define MSR_GHCB       0xc0010130
#define GHCB_TERMINATE 0x100

struct gate {
    uint16_t offset_low, selector, type, offset_high;
};

struct PACKED idt_pointer {
    uint16_t limit;
    uint32_t base;
};

static struct gate gates[GATES];
static bool is_printing;

static void set_gate(unsigned int vector, void (*entry)(void))
{
    uint32_t offset = (uint32_t)(uintptr_t)entry;
    uint16_t selector;
    __asm__("movw %%cs, %0" : "=r"(selector));
    gates[vector] = (struct gate){ (uint16_t)offset, selector, INTERRUPT_GATE_32, (uint16_t)(offset >> 16) };
}

static void cpuid(uint32_t leaf, struct stub_cpuid *r)
{
    __asm__ volatile("cpuid" : "=a"(r->eax), "=b"(r->ebx), "=c"(r->ecx), "=d"(r->edx) : "a"(leaf), "c"(0));
}

static uint64_t read_msr(uint32_t msr)
{
    uint32_t low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
    return (uint64_t)high << 32 | low;
}

NORETURN static void refuse(const char *kind)
{
    console_write("Ashlar cannot run here: this is a guest with encrypted memory (");
    console_write(kind);
    fatal("). Start it without.");
}

/* VMGEXIT is VMMCALL with a prefix. The hypervisor does not return. */
static void request_termination(void)
{
    __asm__ volatile("wrmsr; .byte 0xf3, 0x0f, 0x01, 0xd9" ::"c"(MSR_GHCB), "a"(GHCB_TERMINATE), "d"(0)
                     : "memory");
}

void confidential_trap(uint32_t vector)
{
    /* Output takes port accesses, which raise the exception again in such a guest. */
    while (is_printing) {
        if (vector == VECTOR_VC)
            request_termination();
        __asm__ volatile("cli; hlt");
    }
    is_printing = true;
    refuse(vector == VECTOR_VC ? "AMD SEV-ES or SEV-SNP; #VC was raised" : "Intel TDX; #VE was raised");
}

void confidential_refuse(void)
{
    /* Hidden from the compiler, which would store the linked address in the image:
       the stub may be relocated. */
    struct gate *base = gates;
    __asm__("" : "+r"(base));
    struct idt_pointer pointer = { sizeof(gates) - 1, (uint32_t)(uintptr_t)base };
    set_gate(VECTOR_VE, trap_virtualization);
    set_gate(VECTOR_VC, trap_vmm_communication);
    __asm__ volatile("lidt %0" ::"m"(pointer) : "memory");
    enum confidential kind = confidential_kind(cpuid, read_msr);
    if (kind == CONFIDENTIAL_SEV)
        refuse("AMD SEV");
    if (kind == CONFIDENTIAL_SEV_ES)
        refuse("AMD SEV-ES or SEV-SNP");
    if (kind == CONFIDENTIAL_TDX)
        refuse("Intel TDX");
}
