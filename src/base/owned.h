/* A pointer of the application's, with the destructor that it brings. */
#ifndef PINION_BASE_OWNED_H
#define PINION_BASE_OWNED_H

/* Keep another one in the place of *value. The old one is destroyed last: its destructor may look at what is
 * there now, or put another one there. */
static inline void pinion__owned_replace(void **value, void (**destroy)(void *), void *by,
                                         void (*destroy_by)(void *))
{
    void *old = *value;
    void (*destroy_old)(void *) = *destroy;
    *value = by;
    *destroy = destroy_by;
    if (destroy_old)
        destroy_old(old);
}

#endif
