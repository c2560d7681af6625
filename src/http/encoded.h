/* Files that lie there compressed too: NAME.br and NAME.gz beside NAME. */
#ifndef PINION_HTTP_ENCODED_H
#define PINION_HTTP_ENCODED_H

#include "http/open_file.h"

struct pinion_http_request;

/* The file of this name is open. If a compressed one lies beside it, is not older, and the client likes its
 * coding as much, take that one in its place. */
void pinion__file_encode(int directory, const char *name, const struct pinion_http_request *request,
                         struct pinion_http_file *file);

#endif
