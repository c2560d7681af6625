#include "user.h"
#include <stdlib.h>
#include <string.h>

#define USER_MAX 40 /* the most characters of a name */
#define SALT     "user auth"

/* Each byte that is not a continuation byte of UTF-8 begins a character. */
size_t characters(const char *text)
{
    size_t count = 0;
    for (; *text; text++)
        count += ((unsigned char)*text & 0xc0) != 0x80;
    return count;
}

const char *name_in(const pinion_payload *payload)
{
    const char *name = json_string_value(pinion_payload_get(payload, "user"));
    return name && name[0] && characters(name) <= USER_MAX ? name : NULL;
}

const char *name_of(const pinion_channel *channel, const pinion_payload *payload)
{
    const pinion_payload *known = pinion_assigned(channel, "user");
    const char *name = name_in(known ? known : payload);
    return name ? name : "anonymous";
}

pinion_result connect_with_token(pinion_socket *socket, const pinion_payload *params,
                                 const pinion_connect_info *info)
{
    const char *token = pinion_connect_auth_token(info).ptr;
    pinion_payload *user = NULL;
    if (pinion_token_verify(pinion_socket_endpoint(socket), SALT, token, NULL, &user) != 0)
        return pinion_error(NULL);
    if (pinion_socket_assign(socket, "user", user) != 0)
        return pinion_crash();
    return pinion_ok(NULL);
}

static int sign(pinion_endpoint *endpoint, const char *name, char **token)
{
    return pinion_token_sign(endpoint, SALT, pinion_json("{s:s}", "user", name), NULL, token);
}

int tokens_work(pinion_endpoint *endpoint)
{
    char *token = NULL;
    int rc = sign(endpoint, "somebody", &token);
    free(token);
    return rc;
}

void token_page(const pinion_request *request, pinion_response *response, void *data)
{
    static const char no_name[] = "user: a name of 1 to 40 characters\n";
    const char *name = name_in(pinion_request_params(request));
    char *token = NULL;
    if (!data)
        return;
    if (!name)
        pinion_response_send(response, 400, "text/plain", no_name, strlen(no_name));
    else if (sign(data, name, &token) == 0)
        pinion_response_send(response, 200, "text/plain", token, strlen(token));
    else
        pinion_response_send(response, 500, NULL, NULL, 0);
    free(token);
}
