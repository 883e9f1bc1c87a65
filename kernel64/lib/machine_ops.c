/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of operations, empty until the rooms that know the machine fill it in. */
#include <lib/machine_ops.h>

struct machine_ops machine_ops;
