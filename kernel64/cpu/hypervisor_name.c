/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names of hypervisors, by the signature that CPUID leaf 40000000H has in EBX, ECX and EDX.
 */
#include <cpu/hypervisor_name.h>

#include <lib/string.h>

static const struct {
    const char *signature, *name;
} hypervisors[] = {
    { "ACRNACRNACRN", "ACRN" },       { "HAXMHAXMHAXM", "HAXM" },      { "Jailhouse", "Jailhouse" },
    { "KVMKVMKVM", "KVM" },           { "Linux KVM Hv", "KVM" },       { "Microsoft Hv", "Hyper-V" },
    { "NVMMNVMMNVMM", "NVMM" },       { "___ NVMM ___", "NVMM" },      { "OpenBSDVMM58", "OpenBSD vmm" },
    { "prl hyperv  ", "Parallels" },  { " lrpepyh  vr", "Parallels" }, { "QNXQVMBSQG", "QNX" },
    { "SRESRESRESRE", "LMHS" },       { "TCGTCGTCGTCG", "QEMU TCG" },  { "UnisysSpar64", "Unisys s-Par" },
    { "VBoxVBoxVBox", "VirtualBox" }, { "VMwareVMware", "VMware" },    { "XenVMMXenVMM", "Xen" },
    { "bhyve bhyve ", "bhyve" },
};

const char *hypervisor_name(const char *signature)
{
    for (size_t i = 0; i < ARRAY_LEN(hypervisors); i++)
        if (strcmp(hypervisors[i].signature, signature) == 0)
            return hypervisors[i].name;
    return NULL;
}
