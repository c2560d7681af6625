#include "base/strings.h"
#include <pinion/error.h>
#include <stdlib.h>
#include <string.h>

int pinion__strings_copy(const char *const *list, const char *const **copy)
{
    size_t count = 0, bytes = 0;
    *copy = NULL;
    if (!list)
        return 0;
    for (; list[count]; count++)
        bytes += strlen(list[count]) + 1;
    const char **strings = malloc((count + 1) * sizeof *strings + bytes);
    if (!strings)
        return PINION_ENOMEM;
    char *text = (char *)(strings + count + 1);
    for (size_t i = 0; i < count; i++) {
        strings[i] = text;
        text = stpcpy(text, list[i]) + 1;
    }
    strings[count] = NULL;
    *copy = strings;
    return 0;
}
