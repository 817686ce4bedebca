/* A wall clock that can be set for one process: preloaded, it adds the nanoseconds that a file holds to CLOCK_REALTIME.
 *
 * The file (LOGFERRY_CLOCK, eight bytes) is mapped, so a change is there at once. Monotonic clocks and sleeps stay.
 * Who waits until a wall-clock time waits in steps of 0.1 s, so that a clock that is set back holds him up, and one that
 * is set forward wakes him, as the kernel does it. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define SECOND 1000000000LL
#define STEP (SECOND / 10)
#define SINCE_1970 1000000000LL /* a wait until a later second than this is one for the wall clock, not since the boot */

static volatile int64_t none;
static volatile int64_t *offset = &none;

__attribute__((constructor)) static void map_offset(void) {
    const char *path = getenv("LOGFERRY_CLOCK");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0) return;
    void *at = mmap(NULL, 8, PROT_READ, MAP_SHARED, file, 0);
    if (at != MAP_FAILED) offset = at;
    close(file);
}

static struct timespec moment(int64_t ns) { return (struct timespec){ns / SECOND, ns % SECOND}; }

static int64_t nanoseconds(const struct timespec *time) { return time->tv_sec * SECOND + time->tv_nsec; }

static int true_time(clockid_t clock, struct timespec *time) {
    static int (*next)(clockid_t, struct timespec *);
    if (!next) next = dlsym(RTLD_NEXT, "clock_gettime");
    return next(clock, time);
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    int failed = true_time(clock, time);
    if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        *time = moment(nanoseconds(time) + *offset);
    return failed;
}

int timespec_get(struct timespec *time, int base) {
    return base == TIME_UTC && clock_gettime(CLOCK_REALTIME, time) == 0 ? base : 0;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone) {
    struct timespec now;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    time->tv_sec = now.tv_sec;
    time->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *result) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (result) *result = now.tv_sec;
    return now.tv_sec;
}

/* The next moment to wait until, in true time; 1 when it is the one that was asked for. */
static int next_step(const struct timespec *until, struct timespec *step) {
    struct timespec now;
    true_time(CLOCK_REALTIME, &now);
    int64_t end = nanoseconds(until) - *offset, soon = nanoseconds(&now) + STEP;
    *step = moment(end < soon ? end : soon);
    return end <= soon;
}

int pthread_cond_timedwait(pthread_cond_t *restrict cond, pthread_mutex_t *restrict mutex,
                           const struct timespec *restrict until) {
    static int (*next)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
    if (!next) next = dlvsym(RTLD_NEXT, "pthread_cond_timedwait", "GLIBC_2.3.2");
    if (!next) next = dlsym(RTLD_NEXT, "pthread_cond_timedwait");
    if (until->tv_sec < SINCE_1970) return next(cond, mutex, until);
    for (;;) {
        struct timespec step;
        int is_last = next_step(until, &step), answer = next(cond, mutex, &step);
        if (answer != ETIMEDOUT || is_last) return answer;
    }
}

int sem_timedwait(sem_t *restrict semaphore, const struct timespec *restrict until) {
    static int (*next)(sem_t *, const struct timespec *);
    if (!next) next = dlsym(RTLD_NEXT, "sem_timedwait");
    for (;;) {
        struct timespec step;
        int is_last = next_step(until, &step), failed = next(semaphore, &step);
        if (!failed || errno != ETIMEDOUT || is_last) return failed;
    }
}
