/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Loads kernel64's ELF file into the reserve. Plain C over (pointer, length), also compiled hosted.
 */
#include <ashlar/layout.h>
#include <ashlar/status.h>

#pragma GCC visibility push(hidden)

#define LOAD_SEGMENTS_MAX 16

struct load_segment {
    uint64_t start, end; /* linked addresses, whole pages */
    bool writable, executable;
};

struct load_result {
    uint64_t entry; /* linked address, inside an executable segment */
    uint64_t end;   /* linked address after the last byte of the last segment, page-aligned */
    uint32_t segment_count;
    struct load_segment segments[LOAD_SEGMENTS_MAX];
};

/**
 * load_kernel() - check an ELF file and copy its segments to where they run.
 * @file, @file_size: the bytes; not trusted.
 * @reserve, @reserve_size: memory for KERNEL_IMAGE_START and up; any content.
 * @result: filled in; @result->end also on STATUS_TOO_BIG.
 *
 * Return: STATUS_OK; STATUS_TRUNCATED; STATUS_UNSUPPORTED for another kind of file;
 *         STATUS_TOO_BIG when it does not fit; STATUS_MALFORMED for segments that overlap, share a
 *         page, lie outside the image's addresses or are writable and executable.
 */
status_t load_kernel(const void *file, uint32_t file_size, void *reserve, uint32_t reserve_size,
                     struct load_result *result) MUST_CHECK;

#pragma GCC visibility pop
