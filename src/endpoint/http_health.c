/* /healthz and /readyz, for those who watch over servers: is it alive, and should it be sent clients. */
#include "endpoint/http.h"

bool pinion__http_serve_health(struct pinion_http *http, const struct pinion_http_request *request)
{
    bool health = pinion__slice_is(request->path, "/healthz");
    bool ready = !atomic_load(&http->loop->endpoint->stop_requested);
    if (http->loop->endpoint->options.no_health || (!health && !pinion__slice_is(request->path, "/readyz")))
        return false;
    if (health || ready)
        pinion__http_send_text(http, 200, "cache-control: no-store\r\n", health ? "ok" : "ready",
                               request->keep_alive);
    else
        pinion__http_send_text(http, 503, "cache-control: no-store\r\n", "draining", request->keep_alive);
    return true;
}
