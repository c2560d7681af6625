#include "http/encoded.h"
#include "proto/http_accept.h"
#include <stdio.h>
#include <unistd.h>

#define SUFFIX 3 /* bytes */

/* If the client likes two the same, the first is taken. */
static const struct coding {
    const char *name;
    const char *suffix;
} codings[] = { { "br", ".br" }, { "gzip", ".gz" } };

#define CODINGS (sizeof codings / sizeof *codings)

/* The name of a compressed file: it is asked for as it is. */
static bool is_encoded(const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < CODINGS; i++) {
        if (len > SUFFIX && strcmp(name + len - SUFFIX, codings[i].suffix) == 0)
            return true;
    }
    return false;
}

/* An older one may have been made of what was in the file before. */
static bool is_older(struct timespec one, struct timespec other)
{
    return one.tv_sec != other.tv_sec ? one.tv_sec < other.tv_sec : one.tv_nsec < other.tv_nsec;
}

static void take_over(const struct coding *coding, const struct pinion_http_file *plain,
                      struct pinion_http_file *sibling)
{
    size_t len = strlen(sibling->etag);
    snprintf(sibling->etag + len - 1, sizeof sibling->etag - len, "-%s\"", coding->suffix + 1);
    sibling->encoding = coding->name;
    sibling->content_type = plain->content_type;
}

static bool open_sibling(int directory, const char *name, const struct coding *coding,
                         const struct pinion_http_file *plain, struct pinion_http_file *sibling)
{
    char path[PINION_HTTP_FILE_NAME + SUFFIX];
    if (snprintf(path, sizeof path, "%s%s", name, coding->suffix) >= (int)sizeof path ||
        pinion__file_open(directory, path, sibling) != 0)
        return false;
    if (is_older(sibling->modified, plain->modified)) {
        close(sibling->fd);
        return false;
    }
    take_over(coding, plain, sibling);
    return true;
}

void pinion__file_encode(int directory, const char *name, const struct pinion_http_request *request,
                         struct pinion_http_file *file)
{
    struct pinion_http_file plain = *file, sibling;
    int liked = pinion__http_accept_weight(request, "identity") - 1; /* as much is enough */
    bool varies = false;
    for (size_t i = 0; i < CODINGS && !is_encoded(name); i++) {
        if (!open_sibling(directory, name, &codings[i], &plain, &sibling))
            continue;
        int weight = pinion__http_accept_weight(request, codings[i].name);
        bool taken = weight > 0 && weight > liked;
        varies = true;
        close(taken ? file->fd : sibling.fd);
        if (taken) {
            *file = sibling;
            liked = weight;
        }
    }
    file->varies = varies;
}
