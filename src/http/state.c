/* An HTTP connection goes from one state to the next, and ends. */
#include "http/connection.h"
#include <stdlib.h>
#include <unistd.h>

static void leave_state(struct pinion_http *http)
{
    switch ((enum pinion_http_state)http->state) {
    case PINION_HTTP_BODY:
    case PINION_HTTP_WAIT:
        if (http->answerer.ops->abandoned)
            http->answerer.ops->abandoned(http->answerer.data);
        break;
    case PINION_HTTP_FILE:
        pinion__http_note_waiting(http, 0);
        close(http->file.fd);
        break;
    case PINION_HTTP_HEAD:
    case PINION_HTTP_REST:
    case PINION_HTTP_CLOSING:
    case PINION_HTTP_GIVEN:
        break;
    }
}

void pinion__http_enter(struct pinion_http *http, enum pinion_http_state state)
{
    leave_state(http);
    http->state = (uint8_t)state;
    pinion__http_start_clock(http);
}

void pinion__http_free(struct pinion_http *http)
{
    pinion__http_enter(http, PINION_HTTP_CLOSING);
    pinion__timer_cancel(&http->deadline);
    pinion__list_remove(&http->node);
    pinion__turn_remove(&http->turn);
    pinion__buf_release(&http->input);
    free(http);
}

void pinion__http_finish(struct pinion_http *http)
{
    if (http->state == PINION_HTTP_CLOSING)
        return;
    pinion__http_enter(http, PINION_HTTP_CLOSING);
    pinion__buf_release(&http->input);
    if (http->eof && pinion__conn_flush(http->conn) == 0) {
        pinion__conn_close(http->conn);
        return;
    }
    if (http->discard_left > 0)
        pinion__conn_resume(http->conn);
    else
        pinion__conn_pause(http->conn);
    pinion__conn_shutdown(http->conn);
}
