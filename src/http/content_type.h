/* Content types by the extensions of names. */
#ifndef PINION_HTTP_CONTENT_TYPE_H
#define PINION_HTTP_CONTENT_TYPE_H

/* The content type for the extension of a name; "application/octet-stream" for an unknown one. */
const char *pinion__content_type(const char *name);

#endif
