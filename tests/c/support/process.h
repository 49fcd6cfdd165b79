/* What this process holds: threads and descriptors. */
#ifndef PROCESS_H
#define PROCESS_H

#ifdef __cplusplus
extern "C" {
#endif

int count_threads(void);
/* Until there are no more than this many: one that has been joined may be listed a moment longer. */
void wait_for_threads(int count);
int count_descriptors(void);
/* Whether this process has this file open. */
int holds_file(const char *path);
/* Ends a forked child well, without a look at its memory: it has that of threads that it does not have. */
#ifdef __cplusplus
[[noreturn]]
#else
_Noreturn
#endif
void end_child(void);

#ifdef __cplusplus
}
#endif

#endif
