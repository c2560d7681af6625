#include "transport/entrance.h"
#include "proto/path.h"

enum pinion_entrance_kind pinion__entrance_at(const struct pinion_mount *mount, struct pinion_slice path)
{
    if (!pinion__path_skip(&path, mount->path))
        return PINION_ENTRANCE_NONE;
    if (!mount->options.no_websocket && pinion__path_is(path, "/websocket"))
        return PINION_ENTRANCE_WEBSOCKET;
    if (mount->options.longpoll && pinion__path_is(path, "/longpoll"))
        return PINION_ENTRANCE_LONGPOLL;
    return PINION_ENTRANCE_NONE;
}
