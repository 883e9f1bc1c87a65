/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs a program and measures it: elapsed seconds, CPU seconds, KiB at the peak.
 *
 * usage: measure_run RESULT SECONDS LIBRARY PROGRAM [ARGUMENT...]
 *
 * RESULT is the file for the three figures, LIBRARY is preloaded ("": none). After SECONDS the program is
 * killed. The exit status is the program's, or 128 and the signal. A program of its own, because the peak
 * of a child begins with that of the process that forked it, and this one is small.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static double seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

int main(int count, char **words)
{
    if (count < 5)
        return 2;
    double start = now();
    pid_t child = fork();
    if (child == 0) {
        alarm((unsigned int)atoi(words[2])); /* outlives the exec */
        if (words[3][0] != '\0')
            setenv("LD_PRELOAD", words[3], 1);
        execv(words[4], words + 4);
        _exit(127);
    }
    int status;
    struct rusage usage;
    if (child < 0 || wait4(child, &status, 0, &usage) != child)
        return 2;
    FILE *result = fopen(words[1], "w");
    if (!result)
        return 2;
    fprintf(result, "%.4f %.4f %ld\n", now() - start, seconds(usage.ru_utime) + seconds(usage.ru_stime),
            usage.ru_maxrss);
    fclose(result);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
