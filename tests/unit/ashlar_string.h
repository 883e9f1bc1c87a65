/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* The kernel's string functions as ashlar_*, beside the C library's under their own names. */
#include "ashlar_names.h"
#include <lib/string.h>

#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef memchr
#undef strlen
#undef strnlen
#undef strcmp
#undef strncmp
#undef strchr
#undef strspn
#undef strcspn
