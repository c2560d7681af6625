/* Request heads, the handshake, paths and queries. */
#include "proto/query.h"
#include "proto/ws_handshake.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pinion_http_request request;
    char text[256];
    json_t *params = NULL;
    if (pinion__http1_parse((const char *)data, size, 0, &request) <= 0)
        return 0;
    (void)pinion__ws_handshake_check(&request, text, sizeof text);
    if (pinion__query_parse(request.query, &params) == 0)
        json_decref(params);
    char *path = malloc(request.path.len + 1);
    (void)pinion__http1_decode_path(request.path, path);
    free(path);
    return 0;
}
