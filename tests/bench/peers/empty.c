/* A program that does nothing: what any takes. */
#include <stdio.h>

int main(void)
{
    puts("ready");
    fflush(stdout);
    getchar();
    return 0;
}
