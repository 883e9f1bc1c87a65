/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Other names for the kernel's string functions, so that a hosted test can hold them against the
 * C library's. Included before kernel64/lib/string.c, by -include, and undone by ashlar_string.h.
 */
#define memcpy  ashlar_memcpy
#define memmove ashlar_memmove
#define memset  ashlar_memset
#define memcmp  ashlar_memcmp
#define memchr  ashlar_memchr
#define strlen  ashlar_strlen
#define strnlen ashlar_strnlen
#define strcmp  ashlar_strcmp
#define strncmp ashlar_strncmp
#define strchr  ashlar_strchr
#define strspn  ashlar_strspn
#define strcspn ashlar_strcspn
