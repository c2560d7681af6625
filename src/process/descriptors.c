#include "process/descriptors.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* open() returns the lowest free descriptor. */
void pinion__open_standard_descriptors(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", O_RDWR) != fd)
            return;
    }
}
