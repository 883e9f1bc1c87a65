/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* The reader of the framebuffer's tag; private to boot/. */
#include <boot/loader.h>

/**
 * mb2_take_framebuffer() - fill in reading->info->framebuffer, or complain.
 * @tag: at least a struct mb2_tag_framebuffer.
 *
 * Context: any.
 */
void mb2_take_framebuffer(struct reading *reading, struct bytes tag);
