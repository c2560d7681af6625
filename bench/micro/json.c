/* The JSON scanner, with texts of several kinds. */
#include "micro.h"
#include "proto/json_scan.h"
#include <stdio.h>
#include <stdlib.h>

static char *text;

static void set_up_object(size_t size)
{
    text = micro_payload(size);
}

/* A text with short members and much structure. */
static void set_up_nested(size_t size)
{
    static const char part[] = "{\"k\":[1,-2.5,true,null,{\"x\":\"y\"}]},";
    size_t count = size / strlen(part);
    text = malloc(count * strlen(part) + 3);
    if (!text)
        micro_fail("a text");
    char *end = text;
    *end++ = '[';
    for (size_t i = 0; i < count; i++)
        end += sprintf(end, "%s", part);
    end[-1] = ']';
    *end = '\0';
}

/* A text with letters of two and three bytes. */
static void set_up_utf8(size_t size)
{
    static const char part[] = "Käse für 5 € ";
    size_t count = size / strlen(part);
    text = malloc(count * strlen(part) + 3);
    if (!text)
        micro_fail("a text");
    char *end = text;
    *end++ = '"';
    for (size_t i = 0; i < count; i++)
        end += sprintf(end, "%s", part);
    *end++ = '"';
    *end = '\0';
}

static void scan(unsigned iterations, size_t size)
{
    struct pinion_slice slice = pinion__slice_str(text);
    struct pinion_json_value value;
    for (unsigned i = 0; i < iterations; i++)
        micro_must(pinion__json_scan(slice, &value), "scanning");
}

static void tear_down(void)
{
    free(text);
}

const struct micro micro_json[] = {
    { "json/scan/64", 20000, 1, 64, set_up_object, scan, tear_down },
    { "json/scan/1024", 5000, 1, 1024, set_up_object, scan, tear_down },
    { "json/scan/16384", 400, 1, 16384, set_up_object, scan, tear_down },
    { "json/scan-nested/1024", 2000, 1, 1024, set_up_nested, scan, tear_down },
    { "json/scan-utf8/1024", 4000, 1, 1024, set_up_utf8, scan, tear_down },
    { 0 },
};
