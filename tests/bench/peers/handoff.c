/* The least that a program could do with what a module prints: a thread reads, and hands over to another. */
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int handed;

static void *take(void *unused)
{
    (void)unused;
    for (;;) {
        pthread_mutex_lock(&lock);
        while (!handed)
            pthread_cond_wait(&changed, &lock);
        handed = 0;
        pthread_mutex_unlock(&lock);
        struct timespec time;
        clock_gettime(CLOCK_MONOTONIC, &time);
        printf("%" PRId64 "\n", (int64_t)time.tv_sec * 1000000000 + time.tv_nsec);
        fflush(stdout);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    int port = open(argv[2], O_RDWR | O_NOCTTY);
    pthread_t taker;
    if (port < 0 || pthread_create(&taker, NULL, take, NULL) != 0)
        return 1;
    puts("ready");
    fflush(stdout);
    char buffer[4096];
    while (read(port, buffer, sizeof buffer) > 0) {
        pthread_mutex_lock(&lock);
        handed = 1;
        pthread_mutex_unlock(&lock);
        pthread_cond_signal(&changed);
    }
    return 0;
}
