#include "check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What hangs is an error; valgrind takes its time. */
enum { SECONDS_PER_CASE = 240 };

int run_tests(const struct test *tests, size_t count, int argc, char **argv)
{
    size_t done = 0;
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (size_t i = 0; i < count; i++) {
        int wanted = argc < 2;
        for (int argument = 1; argument < argc; argument++)
            wanted |= strcmp(argv[argument], tests[i].name) == 0;
        if (!wanted)
            continue;
        printf("%s ...\n", tests[i].name);
        alarm(SECONDS_PER_CASE);
        tests[i].run();
        alarm(0);
        done++;
    }
    if (done == 0) {
        fprintf(stderr, "no such case\n");
        return 2;
    }
    printf("%zu passed\n", done);
    return 0;
}

void fail(const char *file, int line, const char *format, ...)
{
    va_list arguments;
    fprintf(stderr, "%s:%d: ", file, line);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    fflush(NULL);
    _exit(1);
}

void check_equal(const char *file, int line, const char *what, long long expected, long long actual)
{
    if (expected != actual)
        fail(file, line, "%s is %lld, expected %lld", what, actual, expected);
}

void check_text(const char *file, int line, const char *what, const char *expected, const char *actual)
{
    if (actual == NULL || strcmp(expected, actual) != 0)
        fail(file, line, "%s is \"%s\", expected \"%s\"", what, actual ? actual : "(NULL)", expected);
}

void check_contains(const char *file, int line, const char *what, const char *part, const char *actual)
{
    if (actual == NULL || strstr(actual, part) == NULL)
        fail(file, line, "%s is \"%s\", expected \"%s\" in it", what, actual ? actual : "(NULL)", part);
}

void check_bytes(const char *file, int line, const char *what, const void *expected, size_t length,
                 const void *actual, size_t actual_length)
{
    if (length != actual_length)
        fail(file, line, "%s has %zu bytes, expected %zu", what, actual_length, length);
    if (length > 0 && memcmp(expected, actual, length) != 0)
        fail(file, line, "%s has other bytes than expected", what);
}

void check_status(const char *file, int line, const char *call, int expected, int actual)
{
    if (expected == actual)
        return;
    fail(file, line, "%s answers %s (%d), expected %s (%d); last error: %s", call,
         atmqtt_status_name(actual), actual, atmqtt_status_name(expected), expected,
         atmqtt_last_error_message());
}
