#include "scarce.h"
#include <pthread.h>
#include <sys/types.h>

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *data);
pid_t __real_fork(void);
int __real_execv(const char *path, char *const argv[]);
ssize_t __real_getrandom(void *bytes, size_t len, unsigned flags);
int __real_RAND_bytes(unsigned char *bytes, int len);
int __real_RAND_priv_bytes(unsigned char *bytes, int len);

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *data);
pid_t __wrap_fork(void);
int __wrap_execv(const char *path, char *const argv[]);
ssize_t __wrap_getrandom(void *bytes, size_t len, unsigned flags);
int __wrap_RAND_bytes(unsigned char *bytes, int len);
int __wrap_RAND_priv_bytes(unsigned char *bytes, int len);

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *data)
{
    int error = scarce(SCARCE_pthread_create);
    return error ? error : __real_pthread_create(thread, attributes, run, data);
}

pid_t __wrap_fork(void)
{
    return scarce_errno(SCARCE_fork) ? -1 : __real_fork();
}

int __wrap_execv(const char *path, char *const argv[])
{
    return scarce_errno(SCARCE_execv) ? -1 : __real_execv(path, argv);
}

ssize_t __wrap_getrandom(void *bytes, size_t len, unsigned flags)
{
    return scarce_errno(SCARCE_getrandom) ? -1 : __real_getrandom(bytes, len, flags);
}

int __wrap_RAND_bytes(unsigned char *bytes, int len)
{
    return scarce(SCARCE_RAND_bytes) ? 0 : __real_RAND_bytes(bytes, len);
}

int __wrap_RAND_priv_bytes(unsigned char *bytes, int len)
{
    return scarce(SCARCE_RAND_priv_bytes) ? 0 : __real_RAND_priv_bytes(bytes, len);
}
