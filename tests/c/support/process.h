/* What this process holds: threads and descriptors. */
#ifndef PROCESS_H
#define PROCESS_H

int count_threads(void);
int count_descriptors(void);

#endif
