/* What this process holds: threads and descriptors. */
#ifndef PROCESS_H
#define PROCESS_H

#ifdef __cplusplus
extern "C" {
#endif

int count_threads(void);
int count_descriptors(void);

#ifdef __cplusplus
}
#endif

#endif
