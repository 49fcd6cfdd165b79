/*
 * An emulated module: the program atmqtt-emulator as a child, whose path is in the environment as
 * ATMQTT_EMULATOR.
 */
#ifndef EMULATOR_H
#define EMULATOR_H

#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct emulator {
    /* The device. */
    char path[256];
    pid_t pid;
    /* Its standard input; it ends when this is closed, so also when this process dies. */
    int input;
};

/* Starts one with options as of the command line; NULL ends them. */
void emulator_start(struct emulator *emulator, const char *const *options);

/* Such options in place: OPTIONS("--latency", "50"). */
#define OPTIONS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* With the options in place: EMULATOR(&emulator, "--latency", "50"). */
#define EMULATOR(emulator, ...) emulator_start(emulator, OPTIONS(__VA_ARGS__))

/* Ends it and waits for its end. */
void emulator_stop(struct emulator *emulator);

#ifdef __cplusplus
}
#endif

#endif
