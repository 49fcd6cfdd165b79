#include "emulator.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

enum { MAX_OPTIONS = 32 };

void emulator_start(struct emulator *emulator, const char *const *options)
{
    const char *program = getenv("ATMQTT_EMULATOR");
    if (program == NULL)
        FAIL("ATMQTT_EMULATOR is not set: it must be the path of the program atmqtt-emulator");

    const char *arguments[MAX_OPTIONS + 3] = {program, "--exit-with-stdin"};
    size_t count = 2;
    for (; options != NULL && *options != NULL; options++) {
        CHECK(count < MAX_OPTIONS);
        arguments[count++] = *options;
    }

    int input[2], output[2];
    CHECK(pipe2(input, O_CLOEXEC) == 0);
    CHECK(pipe2(output, O_CLOEXEC) == 0);
    emulator->pid = fork();
    CHECK(emulator->pid >= 0);
    if (emulator->pid == 0) {
        dup2(input[0], STDIN_FILENO);
        dup2(output[1], STDOUT_FILENO);
        execv(program, (char *const *)(size_t)arguments);
        _exit(127);
    }
    close(input[0]);
    close(output[1]);
    emulator->input = input[1];

    /* The first line is the device. */
    size_t length = 0;
    for (;;) {
        CHECK(length < sizeof emulator->path);
        ssize_t got = read(output[0], &emulator->path[length], 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got != 1)
            FAIL("%s does not start", program);
        if (emulator->path[length] == '\n')
            break;
        length++;
    }
    emulator->path[length] = '\0';
    close(output[0]);
}

void emulator_stop(struct emulator *emulator)
{
    int status;
    close(emulator->input);
    while (waitpid(emulator->pid, &status, 0) < 0)
        CHECK(errno == EINTR);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        FAIL("the emulated module ended with wait status %#x", (unsigned)status);
}
