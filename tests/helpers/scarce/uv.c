#include "scarce.h"
#include <sys/epoll.h>
#include <uv.h>

int __real_uv_loop_init(uv_loop_t *loop);
int __real_uv_async_init(uv_loop_t *loop, uv_async_t *async, uv_async_cb on_async);
int __real_uv_poll_init(uv_loop_t *loop, uv_poll_t *poll, int fd);
int __real_uv_poll_start(uv_poll_t *poll, int events, uv_poll_cb on_event);

int __real_epoll_create1(int flags);
int __real_epoll_ctl(int set, int act, int fd, struct epoll_event *event);
int __real_epoll_wait(int set, struct epoll_event *events, int max, int timeout);

int __wrap_epoll_create1(int flags);
int __wrap_epoll_ctl(int set, int act, int fd, struct epoll_event *event);
int __wrap_epoll_wait(int set, struct epoll_event *events, int max, int timeout);
int __wrap_uv_loop_init(uv_loop_t *loop);
int __wrap_uv_async_init(uv_loop_t *loop, uv_async_t *async, uv_async_cb on_async);
int __wrap_uv_poll_init(uv_loop_t *loop, uv_poll_t *poll, int fd);
int __wrap_uv_poll_start(uv_poll_t *poll, int events, uv_poll_cb on_event);

int __wrap_uv_loop_init(uv_loop_t *loop)
{
    int error = scarce(SCARCE_uv_loop_init);
    return error ? -error : __real_uv_loop_init(loop);
}

int __wrap_uv_async_init(uv_loop_t *loop, uv_async_t *async, uv_async_cb on_async)
{
    int error = scarce(SCARCE_uv_async_init);
    return error ? -error : __real_uv_async_init(loop, async, on_async);
}

int __wrap_uv_poll_init(uv_loop_t *loop, uv_poll_t *poll, int fd)
{
    int error = scarce(SCARCE_uv_poll_init);
    return error ? -error : __real_uv_poll_init(loop, poll, fd);
}

int __wrap_uv_poll_start(uv_poll_t *poll, int events, uv_poll_cb on_event)
{
    int error = scarce(SCARCE_uv_poll_start);
    return error ? -error : __real_uv_poll_start(poll, events, on_event);
}

int __wrap_epoll_create1(int flags)
{
    return scarce_errno(SCARCE_epoll_create1) ? -1 : __real_epoll_create1(flags);
}

/* Only what is added needs memory. */
int __wrap_epoll_ctl(int set, int act, int fd, struct epoll_event *event)
{
    bool fails = act == EPOLL_CTL_ADD && scarce_errno(SCARCE_epoll_ctl);
    return fails ? -1 : __real_epoll_ctl(set, act, fd, event);
}

int __wrap_epoll_wait(int set, struct epoll_event *events, int max, int timeout)
{
    return scarce_errno(SCARCE_epoll_wait) ? -1 : __real_epoll_wait(set, events, max, timeout);
}
