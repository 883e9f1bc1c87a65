/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The command `acpi`, and `acpi` in the report: the list of tables, a table decoded, and a hex dump for
 * acpixtract, which makes files of it for iasl.
 */
#include <ashlar/command.h>
#include <ashlar/fmt/acpi.h>
#include <ashlar/report.h>

#include <acpi/decode.h>
#include <acpi/init.h>
#include <acpi/mp_table.h>
#include <lib/format.h>
#include <lib/string.h>
#include <log/arguments.h>
#include <log/print.h>

/* ---- the tables, the root first ---- */

/* Callback for a table. @data: its bytes. */
typedef void visit_fn(const struct acpi_table *table, const uint8_t *data);

static bool visit_table(const struct acpi_table *table, const char *signature, visit_fn *visit)
{
    const uint8_t *data = table->status == STATUS_OK ? acpi_read(table->address, table->length) : NULL;
    if (!data && !signature)
        print("%-4s at P%#lx: %s\n", table->signature, table->address.raw,
              status_sentence(table->status == STATUS_OK ? STATUS_TRUNCATED : (status_t)table->status));
    if (!data || (signature && strcmp(signature, table->signature) != 0))
        return false;
    visit(table, data);
    return true;
}

/* @signature: of the tables to visit, or NULL for all. Return: how many there were. */
static unsigned int visit_tables(const char *signature, visit_fn *visit)
{
    const struct acpi_index *index = acpi_tables_here();
    unsigned int count = visit_table(&index->root_table, signature, visit);
    for (size_t i = 0; i < index->count; i++)
        count += visit_table(&index->tables[i], signature, visit);
    return count;
}

/* ---- acpi ---- */

static void list_table(const struct acpi_table *table, const uint8_t *data)
{
    struct acpi_view view;
    struct acpi_header header;
    print("%-4s  P%#012lx %8u", table->signature, table->address.raw, table->length);
    /* The FACS has a signature and a length, and then its own layout. */
    if (strcmp(table->signature, "FACS") == 0 ||
        acpi_view_table(data, table->length, (const char *)data, ACPI_HEADER_SIZE, &view) != STATUS_OK) {
        print("\n");
        return;
    }
    acpi_view_header(&view, &header);
    print("  %3u  %-8s  %-6s  %-8s  %#x\n", header.revision, header.checksum_ok ? "good" : "WRONG",
          header.oem_id, header.oem_table_id, header.oem_revision);
}

static status_t list_tables(void)
{
    print("table address         length  rev  checksum  maker   model     version\n");
    visit_tables(NULL, list_table);
    return STATUS_OK;
}

/* ---- acpi SIGNATURE ---- */

static void explain_table(const struct acpi_table *table, const uint8_t *data)
{
    print("%s at P%#lx, %u bytes, revision %u, checksum %s\n", table->signature, table->address.raw,
          table->length, table->revision, table->checksum_ok ? "good" : "wrong");
    status_t status = acpi_print_table(table->signature, data, table->length);
    if (status == STATUS_UNSUPPORTED)
        print("  no decoder for this table; 'acpi dump %s' shows its bytes\n", table->signature);
    else if (status != STATUS_OK)
        print("  cannot be decoded: %s\n", status_sentence(status));
}

static status_t explain_mp(void)
{
    struct mp_pointer pointer;
    struct mp_table table;
    status_t status = mp_find(acpi_read, &pointer);
    if (status == STATUS_OK && pointer.default_configuration) {
        print("MP pointer at P%#lx, default configuration %u, no table\n", pointer.address.raw,
              pointer.default_configuration);
        return STATUS_OK;
    }
    if (status == STATUS_OK)
        status = mp_table_read(acpi_read, &pointer, &table);
    if (status == STATUS_OK)
        acpi_print_mp(&pointer, &table);
    return status;
}

/* ---- acpi dump ---- */

#define DUMP_COLUMNS 16

/* acpixtract's format: a line "SIGN @ address", then lines of offset, bytes and, after two blanks, the bytes
   as characters; an empty line ends the table. */
static void dump_table(const struct acpi_table *table, const uint8_t *data)
{
    print("%.4s @ %#018lx\n", table->signature, table->address.raw);
    for (uint32_t at = 0; at < table->length; at += DUMP_COLUMNS) {
        char text[DUMP_COLUMNS + 1] = { 0 }, bytes[3 * DUMP_COLUMNS + 1] = { 0 };
        for (uint32_t i = 0; i < DUMP_COLUMNS && at + i < table->length; i++) {
            uint8_t byte = data[at + i];
            format_buffer(bytes + 3 * i, 4, " %02X", byte);
            text[i] = byte >= 0x20 && byte < 0x7f ? (char)byte : '.';
        }
        /* In one call, so that no log line is printed in between. */
        print("    %04X:%-*s  %s\n", at, 3 * DUMP_COLUMNS, bytes, text);
    }
    print("\n");
}

/* ---- the command ---- */

static status_t command_acpi(int argc, char **argv)
{
    bool is_dump = argc > 1 && strcmp(argv[1], "dump") == 0;
    if (!arguments_count(argc, argv, 0, is_dump ? 2 : 1))
        return STATUS_INVALID;
    if (argc == 2 && strcmp(argv[1], "MP") == 0)
        return explain_mp();
    if (!acpi_tables_here()) {
        print_styled(STYLE_ERROR, "this machine has no ACPI, or noacpi was given\n");
        return STATUS_NOT_FOUND;
    }
    if (argc == 1)
        return list_tables();
    const char *signature = is_dump ? (argc == 3 ? argv[2] : NULL) : argv[1];
    unsigned int count = visit_tables(signature, is_dump ? dump_table : explain_table);
    if (count == 0 && signature)
        argument_refuse(signature, "a table of this machine: 'acpi' lists them");
    return count > 0 ? STATUS_OK : STATUS_NOT_FOUND;
}

static const char *acpi_arguments(unsigned int index)
{
    static const char *const own[] = { "dump", "MP" };
    return index < ARRAY_LEN(own) ? own[index] : acpi_known_signature(index - (unsigned int)ARRAY_LEN(own));
}
COMMAND_WITH_WORDS(acpi, command_acpi, .group = GROUP_MACHINE, .arguments = "[SIGNATURE|MP|dump [SIGNATURE]]",
                   .help = "ACPI tables; one decoded (or the MP tables); a dump for acpixtract",
                   .example = "acpi APIC", .see_also = "dmi firmware", .words = acpi_arguments);

/* ---- the report ---- */

static void report_table(struct json *json, const struct acpi_table *table)
{
    json_open_object(json, NULL);
    json_string(json, "signature", table->signature);
    json_number(json, "address", table->address.raw);
    if (table->status == STATUS_OK) {
        json_number(json, "bytes", table->length);
        json_number(json, "revision", table->revision);
    }
    json_bool(json, "good", table->status == STATUS_OK && table->checksum_ok);
    json_close(json);
}

static void report_acpi(struct json *json)
{
    const struct acpi_index *index = acpi_tables_here();
    json_open_list(json, "tables");
    if (index) {
        report_table(json, &index->root_table);
        for (size_t i = 0; i < index->count; i++)
            report_table(json, &index->tables[i]);
    }
    json_close(json);
}
REPORT(acpi, report_acpi);
