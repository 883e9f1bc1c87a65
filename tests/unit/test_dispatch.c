/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Commands that run commands: how deep, and with how much of the stack left; and the filter of their output.
 */
#include <ashlar/check.h>
#include <log/print.h>
#include <command/dispatch.h>
#include <panic/stacks.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <string.h>

static unsigned int runs, refused, usages, sentences;
static uint32_t errors;    /* printed in STYLE_ERROR */
static const char *filter; /* of print() */
static char filters[64];   /* of "filtered": at each run, before and after it runs a line */
static const char *inner;
static struct stack stack;

static status_t run_nested(int argc, char **argv)
{
    char line[] = "nested";
    (void)argc, (void)argv;
    runs++;
    dispatch_line(line, NULL);
    return STATUS_OK;
}

uint32_t print_error_count(void)
{
    return errors;
}

/* Fails, with an argument after it has said why. */
static status_t run_failing(int argc, char **argv)
{
    if (argc > 1)
        print_styled(STYLE_ERROR, "'%s' is missing\n", argv[1]);
    return STATUS_NOT_FOUND;
}

static status_t run_leaf(int argc, char **argv)
{
    (void)argc, (void)argv;
    runs++;
    return STATUS_OK;
}

static void note_filter(void)
{
    strcat(strcat(filters, filter ? filter : "-"), " ");
}

static status_t run_filtered(int argc, char **argv)
{
    char line[64];
    (void)argc, (void)argv;
    note_filter();
    if (inner) {
        strcpy(line, inner);
        inner = NULL;
        dispatch_line(line, NULL);
        note_filter();
    }
    return STATUS_OK;
}

const char *print_set_filter(const char *word)
{
    const char *last = filter;
    filter = word;
    return last;
}

/* The linker's table of commands, which ends with its last entry. */
const struct command __commands_start[5] = {
    { .name = "failing", .arguments = "[WHY]", .run = run_failing },
    { .name = "filtered", .arguments = "", .run = run_filtered },
    { .name = "leaf", .arguments = "", .run = run_leaf },
    { .name = "log", .arguments = "", .run = run_leaf, .is_list = true }, /* has an alias */
    { .name = "nested", .arguments = "", .run = run_nested },
};
STATIC_ASSERT(sizeof(__commands_start) == 320, "the size that __commands_end adds");
__asm__(".globl __commands_end\n.set __commands_end, __commands_start + 320");

const struct stack *stacks_find(virt_t address)
{
    return virt_is_in(address, stack.bottom, stack.top) ? &stack : NULL;
}

void print_styled(enum text_style style, const char *format, ...)
{
    errors += style == STYLE_ERROR;
    sentences += strcmp(format, "%s: %s\n") == 0;
    refused += strstr(format, "commands nested too deep") != NULL;
    usages += strstr(format, "usage: ") != NULL;
}

static int begin(void **state)
{
    (void)state;
    runs = refused = usages = sentences = 0;
    filter = inner = NULL;
    filters[0] = '\0';
    stack = (struct stack){ .name = "none" };
    return 0;
}

static void run_line(const char *text)
{
    char line[64];
    strcpy(line, text);
    assert_true(dispatch_line(line, NULL));
}

static void a_command_without_arguments_is_not_run_with_some(void **state)
{
    (void)state;
    run_line("leaf 1");
    assert_int_equal(runs, 0);
    assert_int_equal(usages, 1);
    run_line("leaf");
    assert_int_equal(runs, 1);
    assert_int_equal(usages, 1);
}

static void a_command_is_found_by_name_or_alias_in_either_case(void **state)
{
    (void)state;
    const struct command *log = &__commands_start[3];
    assert_ptr_equal(dispatch_find("log"), log);
    assert_ptr_equal(dispatch_find("LoG"), log);
    assert_ptr_equal(dispatch_find("dmesg"), log);
    assert_ptr_equal(dispatch_find("DMESG"), log);
    assert_null(dispatch_find("lo"));
    assert_null(dispatch_find("logs"));
    assert_null(dispatch_find(""));
    assert_null(dispatch_find("quit")); /* of a command that is not there */
    assert_string_equal(dispatch_alias("log", 0), "dmesg");
    assert_null(dispatch_alias("log", 1));
    assert_null(dispatch_alias("leaf", 0));
}

static void a_filter_is_of_one_command(void **state)
{
    (void)state;
    run_line("filtered; filtered | one; filtered; filtered | two");
    assert_string_equal(filters, "- one - two ");
    assert_null(filter);
}

static void a_filter_outlives_one_of_a_command_inside(void **state)
{
    (void)state;
    inner = "filtered; filtered | in; filtered";
    run_line("filtered | out; filtered");
    assert_string_equal(filters, "out out in out out - ");
    assert_null(filter);
}

static void commands_nest_to_the_limit_and_no_deeper(void **state)
{
    (void)state;
    for (unsigned int i = 1; i <= 3; i++) {
        run_line("nested");
        assert_int_equal(runs, i * DISPATCH_DEPTH_MAX);
        assert_int_equal(refused, i);
    }
}

/* With @left bytes between the caller's frame and the stack's end. */
static void set_stack(uint64_t left)
{
    virt_t here = virt_of(__builtin_frame_address(0));
    stack = (struct stack){ .name = "test", .bottom = virt_sub(here, left), .top = virt_add(here, 65536) };
}

static void a_command_is_refused_when_the_stack_is_nearly_full(void **state)
{
    (void)state;
    set_stack(DISPATCH_STACK_MIN);
    run_line("leaf");
    assert_int_equal(runs, 0);
    assert_int_equal(refused, 1);
    /* With space for the frames of dispatch itself, in a build with sanitizers. */
    set_stack(DISPATCH_STACK_MIN + 32768);
    run_line("leaf");
    assert_int_equal(runs, 1);
    assert_int_equal(refused, 1);
}

static void a_status_is_printed_unless_the_command_said_why(void **state)
{
    (void)state;
    run_line("failing");
    assert_int_equal(sentences, 1);
    run_line("failing why");
    assert_int_equal(sentences, 1);
    run_line("failing");
    assert_int_equal(sentences, 2);
}

static char list_calls[32];

static void begin_list(void)
{
    assert_int_equal(runs, 0);
    strcat(list_calls, "begin ");
}

static void end_list(void)
{
    assert_int_equal(runs, 1);
    strcat(list_calls, "end ");
}

static void a_list_begins_and_ends_with_its_command(void **state)
{
    (void)state;
    static const struct dispatch_lists lists = { .begin = begin_list, .end = end_list };
    dispatch_set_lists(&lists);
    run_line("log");
    run_line("leaf; log surplus");
    dispatch_set_lists(NULL);
    assert_string_equal(list_calls, "begin end ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_command_without_arguments_is_not_run_with_some, begin),
        cmocka_unit_test_setup(a_command_is_found_by_name_or_alias_in_either_case, begin),
        cmocka_unit_test_setup(a_filter_is_of_one_command, begin),
        cmocka_unit_test_setup(a_filter_outlives_one_of_a_command_inside, begin),
        cmocka_unit_test_setup(commands_nest_to_the_limit_and_no_deeper, begin),
        cmocka_unit_test_setup(a_command_is_refused_when_the_stack_is_nearly_full, begin),
        cmocka_unit_test_setup(a_status_is_printed_unless_the_command_said_why, begin),
        cmocka_unit_test_setup(a_list_begins_and_ends_with_its_command, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
