/* The users of the chat: their names and tokens. */
#ifndef CHAT_USER_H
#define CHAT_USER_H

#include <pinion/pinion.h>
#include <stddef.h>

/* How many characters a text has, not bytes. */
size_t characters(const char *text);

/* The name in a payload, if there is one and it is not too long; else NULL. */
const char *name_in(const pinion_payload *payload);

/* The name in the member's token, if tokens are required; else the name in the payload. */
const char *name_of(const pinion_channel *channel, const pinion_payload *payload);

/* Let in clients with a token. Their name is then the one in the token. */
pinion_result connect_with_token(pinion_socket *socket, const pinion_payload *params,
                                 const pinion_connect_info *info);

/* Check that tokens can be made. Errors: those of pinion_token_sign, when there is no secret. */
int tokens_work(pinion_endpoint *endpoint);

/* GET /token?user=NAME answers with a token for that name. `data` is the endpoint; NULL: no tokens are needed
 * (204). Here everybody gets a token; an application's own page asks for a password first. */
void token_page(const pinion_request *request, pinion_response *response, void *data);

#endif
