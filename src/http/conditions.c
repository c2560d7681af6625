/* A date names a whole second. A file without `dated` may still change within its second, so it counts as
 * changed since any date. Then a date of ours names one content only, and may stand for a tag (RFC 9110
 * section 8.8.2.2). Dates that are not valid are ignored. */
#include "http/conditions.h"
#include "proto/http1.h"
#include "proto/http_date.h"
#include "proto/http_etag.h"

/* ---- fields ---- */

static bool has(const struct pinion_http_request *request, const char *name)
{
    return pinion__http1_header(request, name).ptr != NULL;
}

/* The value of a field that may come once; ptr is NULL when there is none, or several. */
static struct pinion_slice only(const struct pinion_http_request *request, const char *name)
{
    struct pinion_slice value = pinion__slice(NULL, 0);
    for (size_t i = 0; i < request->header_count; i++) {
        if (!pinion__http1_header_is(&request->headers[i], name))
            continue;
        if (value.ptr)
            return pinion__slice(NULL, 0);
        value = request->headers[i].value;
    }
    return value;
}

static bool names_tag(const struct pinion_http_request *request, const char *name, const char *etag,
                      bool strong)
{
    for (size_t i = 0; i < request->header_count; i++) {
        if (pinion__http1_header_is(&request->headers[i], name) &&
            pinion__http_etags_have(request->headers[i].value, pinion__slice_str(etag), strong))
            return true;
    }
    return false;
}

static bool read_date(struct pinion_slice value, int64_t now, int64_t *date)
{
    return value.ptr && pinion__http_date_read(value, now, date);
}

/* ---- conditions ---- */

/* If-Match and If-Unmodified-Since: the client wants the file only as it knows it. */
static bool is_another(const struct pinion_http_request *request, const struct pinion_http_file *file,
                       int64_t now)
{
    int64_t date;
    if (has(request, "if-match"))
        return !names_tag(request, "if-match", file->etag, true);
    if (!read_date(only(request, "if-unmodified-since"), now, &date))
        return false;
    return !file->dated || file->modified.tv_sec > date;
}

/* If-None-Match and If-Modified-Since: the client has the file already. */
static bool is_known(const struct pinion_http_request *request, const struct pinion_http_file *file,
                     int64_t now)
{
    int64_t date;
    if (has(request, "if-none-match"))
        return names_tag(request, "if-none-match", file->etag, false);
    if (!read_date(only(request, "if-modified-since"), now, &date))
        return false;
    return file->dated && file->modified.tv_sec <= date;
}

/* If-Range: the client has a part of the file as it is now. */
static bool has_a_part(const struct pinion_http_request *request, const struct pinion_http_file *file,
                       int64_t now)
{
    struct pinion_slice value = only(request, "if-range");
    int64_t date;
    if (!has(request, "if-range"))
        return true;
    if (value.ptr && pinion__http_is_etag(value))
        return pinion__slice_is(value, file->etag);
    /* the same date may be that of another coding of the file */
    return !file->varies && read_date(value, now, &date) && file->dated && file->modified.tv_sec == date;
}

static enum pinion_http_range range_of(const struct pinion_http_request *request,
                                       const struct pinion_http_file *file, int64_t now,
                                       struct pinion_http_part *part)
{
    struct pinion_slice range = only(request, "range");
    if (!range.ptr || !pinion__slice_is(request->method, "GET") || !has_a_part(request, file, now))
        return PINION_HTTP_RANGE_NONE;
    return pinion__http_range_read(range, file->size, part);
}

int pinion__http_conditions(const struct pinion_http_request *request, const struct pinion_http_file *file,
                            int64_t now, struct pinion_http_part *part)
{
    *part = (struct pinion_http_part){ .length = file->size };
    if (!pinion__http1_is_get(request))
        return 200;
    if (is_another(request, file, now))
        return 412;
    if (is_known(request, file, now))
        return 304;
    switch (range_of(request, file, now, part)) {
    case PINION_HTTP_RANGE_PART:
        return 206;
    case PINION_HTTP_RANGE_OUTSIDE:
        return 416;
    default:
        return 200;
    }
}
