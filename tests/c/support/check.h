/*
 * Assertions, and the table of cases that main() runs.
 *
 * No framework: those of C leave a failed case by longjmp, which must not happen in a callback of the
 * library. Here a failure ends the process, from whatever thread; emulated modules end with it.
 */
#ifndef CHECK_H
#define CHECK_H

#include <stddef.h>

#include <atmqtt.h>

#ifdef __cplusplus
extern "C" {
#endif

struct test {
    const char *name;
    void (*run)(void);
};

#define TEST(function) { #function, function }

/* Runs the cases that the arguments name, or all. For main() to return. */
#define RUN(tests) run_tests(tests, sizeof(tests) / sizeof(tests)[0], argc, argv)

int run_tests(const struct test *tests, size_t count, int argc, char **argv);

/* Ends the process with a text as of printf. */
__attribute__((noreturn, format(printf, 3, 4))) void fail(const char *file, int line, const char *format, ...);

#define FAIL(...) fail(__FILE__, __LINE__, __VA_ARGS__)

#define CHECK(condition) \
    do { \
        if (!(condition)) \
            fail(__FILE__, __LINE__, "%s does not hold", #condition); \
    } while (0)

/* The arguments are evaluated once: the expected value first, as everywhere here. */
#define EQUAL(expected, actual) \
    check_equal(__FILE__, __LINE__, #actual, (long long)(expected), (long long)(actual))
#define TEXT(expected, actual) check_text(__FILE__, __LINE__, #actual, expected, actual)
#define CONTAINS(part, actual) check_contains(__FILE__, __LINE__, #actual, part, actual)
#define BYTES(expected, length, actual, actual_length) \
    check_bytes(__FILE__, __LINE__, #actual, expected, length, actual, actual_length)

/* A call of the library and what it must answer. */
#define STATUS(expected, call) check_status(__FILE__, __LINE__, #call, expected, call)
#define OK(call) STATUS(ATMQTT_OK, call)

void check_equal(const char *file, int line, const char *what, long long expected, long long actual);
void check_text(const char *file, int line, const char *what, const char *expected, const char *actual);
void check_contains(const char *file, int line, const char *what, const char *part, const char *actual);
void check_bytes(const char *file, int line, const char *what, const void *expected, size_t length,
                 const void *actual, size_t actual_length);
void check_status(const char *file, int line, const char *call, int expected, int actual);

#ifdef __cplusplus
}
#endif

#endif
