/* Who is in the chat. */
#ifndef CHAT_USER_H
#define CHAT_USER_H

#include <pinion/pinion.h>
#include <stddef.h>

/* Characters of a text, not bytes. */
size_t characters(const char *text);

/* A name that may be shown: given, no longer than a line; else NULL. */
const char *name_in(const pinion_payload *payload);

/* The name in a member's token, where one is required; else the one that the payload gives. */
const char *name_of(const pinion_channel *channel, const pinion_payload *payload);

/* Let in who has a token, and call it by the name in it from then on. */
pinion_result connect_with_token(pinion_socket *socket, const pinion_payload *params,
                                 const pinion_connect_info *info);

/* Can tokens be made and read? An error of pinion_token_sign when not: there is no secret. */
int tokens_work(pinion_endpoint *endpoint);

/* GET /token?user=NAME: a token for that name. `data` is the endpoint, or NULL where nobody needs one (204).
 * Here anybody gets it who asks; an application's own page asks for a password first. */
void token_page(const pinion_request *request, pinion_response *response, void *data);

#endif
