/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Records for a person (command/record.h): within the width of the smallest screen, in the units of people.
 */
#include <command/record.h>

extern const struct record_form records_form;
