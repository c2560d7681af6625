#include "base/sized.h"
#include "base/log.h"
#include <pinion/version.h>
#include <string.h>

int pinion__sized_check(size_t full, const void *theirs, size_t size, const char *name)
{
    const unsigned char *bytes = theirs;
    for (size_t i = full; theirs && i < size; i++) {
        if (bytes[i] != 0)
            return pinion__fail(PINION_EINVAL,
                                "%s: the program sets a member that this library, version %s, does not "
                                "know; the program was built for a later version",
                                name, pinion_version());
    }
    return 0;
}

int pinion__sized_take(void *ours, size_t full, const void *theirs, size_t size, const char *name)
{
    size_t common = !theirs ? 0 : size < full ? size : full;
    if (common > 0)
        memcpy(ours, theirs, common);
    memset((char *)ours + common, 0, full - common);
    return pinion__sized_check(full, theirs, size, name);
}

void pinion__sized_give(void *theirs, size_t size, const void *ours, size_t full)
{
    size_t common = size < full ? size : full;
    memcpy(theirs, ours, common);
    memset((char *)theirs + common, 0, size - common);
}
