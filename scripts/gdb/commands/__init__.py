# SPDX-License-Identifier: BSD-2-Clause
"""gdb commands for Ashlar: a subject a file. ashlar.py imports all of them."""
