/* Sends files, a piece at a time. Connections that send files stand in the server's line: so thousands of
 * them take a few milliseconds of a turn of the loop, and others wait no longer. Meanwhile their requests
 * wait. A piece is memory that is held until the client has taken it. Clients that ask for a file and go are
 * noticed some turns later, so there may be thousands of them at a time: then pieces are small. */
#include "http/connection.h"
#include <errno.h>
#include <unistd.h>

static ssize_t read_some(int fd, char *bytes, size_t want)
{
    ssize_t got;
    do
        got = read(fd, bytes, want);
    while (got < 0 && errno == EINTR);
    return got;
}

static size_t next_piece(const struct pinion_http *http)
{
    size_t most =
        http->server->file_bytes < PINION_HTTP_PIECES_MAX ? PINION_HTTP_PIECE : PINION_HTTP_SMALL_PIECE;
    return http->file.left < most ? (size_t)http->file.left : most;
}

/* Queue one more piece. False when the file is at its end, or cannot be read. In the latter case the
 * connection is closed, because the head has promised a length. */
static bool send_piece(struct pinion_http *http)
{
    uint64_t left = http->file.left;
    size_t want = next_piece(http);
    struct pinion_frame *frame = want ? pinion__frame_new(want) : NULL;
    ssize_t got = frame ? read_some(http->file.fd, pinion__frame_body(frame), want) : 0;
    if (got <= 0) {
        pinion__frame_unref(frame);
        if (left > 0) {
            http->keep_alive = false;
            pinion__conn_close(http->conn);
        }
        return false;
    }
    frame->body_len = (size_t)got;
    http->file.left -= (uint64_t)got;
    if (pinion__conn_answer(http->conn, frame))
        return true;
    http->keep_alive = false;
    return false;
}

static void after_file(struct pinion_http *http)
{
    if (!http->keep_alive) {
        pinion__http_finish(http);
        return;
    }
    pinion__http_answered(http);
    pinion__http_go_on(http);
}

/* Send one piece, then others have their turn. If the kernel did not take all of it, the next piece waits
 * until it has (`drained`). */
static void run_pump(struct pinion_turn *turn)
{
    struct pinion_http *http = PINION_CONTAINER_OF(turn, struct pinion_http, turn);
    if (http->state != PINION_HTTP_FILE)
        return;
    pinion__http_note_waiting(http, 0);
    if (!send_piece(http))
        after_file(http);
    else if (pinion__conn_flush(http->conn) == 0)
        pinion__http_pump_later(http);
    else
        pinion__http_note_waiting(http, pinion__conn_queued(http->conn));
}

void pinion__http_pump_later(struct pinion_http *http)
{
    http->turn.run = run_pump;
    if (!pinion__turn_waits(&http->turn))
        pinion__turns_append(&http->server->turns, &http->turn);
}

void pinion__http_start_file(struct pinion_http *http, int fd, uint64_t length, bool keep_alive)
{
    pinion__http_enter(http, PINION_HTTP_FILE);
    http->keep_alive = keep_alive;
    http->file.fd = fd;
    http->file.left = length;
    http->file.waiting = 0;
    pinion__conn_pause(http->conn);
    pinion__http_pump_later(http);
}
