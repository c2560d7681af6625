#include <pinion/version.h>

#define TEXT(x)  #x
#define TEXT2(x) TEXT(x)

const char *pinion_version(void)
{
    return TEXT2(PINION_VERSION_MAJOR) "." TEXT2(PINION_VERSION_MINOR) "." TEXT2(PINION_VERSION_PATCH);
}
