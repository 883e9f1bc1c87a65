/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * QEMU's firmware configuration device: named files, read through two I/O ports.
 *
 * Only for virtual machines: on some chipsets the ports belong to general-purpose pins. The caller checks
 * CPUID for a hypervisor first.
 */
#include <ashlar/status.h>

/* What QEMU's option -fw_cfg name=...,string=... appends to the command line. */
#define FW_CFG_COMMAND_LINE "opt/org.ashlar/cmdline"

/**
 * fw_cfg_read_file() - copy one of QEMU's files.
 * @name:   its full name.
 * @buffer: receives its first bytes, without a NUL; untouched when there is no such file.
 * @size_bytes: of the buffer.
 * @length: how many bytes it received; untouched when there is no such file.
 *
 * Return: STATUS_OK; STATUS_UNSUPPORTED without the device; STATUS_NOT_FOUND without the file;
 *         STATUS_TOO_BIG when the file was truncated to the buffer.
 * Context: any, one caller at a time. Bounded.
 * Source: QEMU, docs/specs/fw_cfg, "QEMU Firmware Configuration (fw_cfg) Device".
 */
status_t fw_cfg_read_file(const char *name, void *buffer, size_t size_bytes, size_t *length) MUST_CHECK;
