/* The checker of this layer (base/check.h). */
#ifndef PINION_HTTP_CHECK_H
#define PINION_HTTP_CHECK_H

#include "base/check.h"
#include "http/http.h"

#ifdef PINION_CHECKS

const char *pinion__http_server_check(const struct pinion_http_server *server);

#endif

#endif
