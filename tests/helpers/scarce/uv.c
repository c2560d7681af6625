#include "scarce.h"
#include <uv.h>

int __real_uv_loop_init(uv_loop_t *loop);
int __real_uv_async_init(uv_loop_t *loop, uv_async_t *async, uv_async_cb on_async);
int __real_uv_poll_init(uv_loop_t *loop, uv_poll_t *poll, int fd);
int __real_uv_poll_start(uv_poll_t *poll, int events, uv_poll_cb on_event);

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
