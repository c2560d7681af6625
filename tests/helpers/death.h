/* That something ends the program, as an assertion does. Include after cmocka.h. */
#ifndef TESTS_HELPERS_DEATH_H
#define TESTS_HELPERS_DEATH_H

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef NDEBUG
#define ASSERTIONS_ARE_ON false
#else
#define ASSERTIONS_ARE_ON true
#endif

/* In the process that is to die: leave no core, and say what there is to say to this descriptor. */
static inline void prepare_to_die(int fd)
{
    const struct rlimit no_core = { 0, 0 };
    (void)setrlimit(RLIMIT_CORE, &no_core);
    (void)dup2(fd, STDERR_FILENO);
    (void)signal(SIGABRT, SIG_DFL);
}

static inline bool has_aborted(pid_t child)
{
    int status = 0;
    assert_true(child > 0 && waitpid(child, &status, 0) == child);
    assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

/* Does it abort? It is run in a process of its own, and says nothing. */
static inline bool aborts(void (*act)(void))
{
    pid_t child = fork();
    if (child == 0) {
        prepare_to_die(open("/dev/null", O_WRONLY));
        act();
        _exit(0);
    }
    return has_aborted(child);
}

/* An emulator has a line of its own after what a program says that it saw abort. */
static inline void cut_emulators_line(char *said)
{
    char *line = strstr(said, "qemu: uncaught target signal");
    if (line)
        *line = '\0';
}

/* The same, with what it says on stderr: its beginning, as much as there is room for. */
static inline bool aborts_saying(void (*act)(const void *argument), const void *argument, char *said,
                                 size_t size)
{
    int ends[2];
    size_t len = 0;
    ssize_t n;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        prepare_to_die(ends[1]);
        act(argument);
        _exit(0);
    }
    close(ends[1]);
    while (len < size - 1 && (n = read(ends[0], said + len, size - 1 - len)) > 0)
        len += (size_t)n;
    said[len] = '\0';
    cut_emulators_line(said);
    close(ends[0]);
    return has_aborted(child);
}

#endif
