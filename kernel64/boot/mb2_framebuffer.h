/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* Parser of the framebuffer tag; private to boot/. */
#include <boot/loader.h>

/**
 * mb2_take_framebuffer() - fill in parser->info->framebuffer, or report_fault.
 * @tag: at least a struct mb2_tag_framebuffer.
 *
 * Context: any.
 */
void mb2_take_framebuffer(struct parser *parser, struct bytes tag);
