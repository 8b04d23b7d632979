/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "commands.h"

#include "session.h"

/* More than can wait for a reply. */
#define FEWEST 4u
#define MOST (4u * SMTP_QUEUE_LIMIT)

/* Makes the ring twice as large. */
static void widen(struct commands *commands, const struct keeping *keeping)
{
    uint32_t old_capacity = commands->capacity;
    struct sent *old = commands->ring;
    commands->capacity = old_capacity > 0 ? 2 * old_capacity : FEWEST;
    size_t octets = commands->capacity * sizeof *old;
    commands->ring = memset(keeping->hooks->resize(keeping->context, NULL, 0, octets), 0, octets);
    for (uint32_t i = 0; i < old_capacity; i++)
        commands->ring[old[i].number % commands->capacity] = old[i];
    if (old != NULL)
        keeping->hooks->resize(keeping->context, old, old_capacity * sizeof *old, 0);
}

struct sent *commands_add(struct commands *commands, const struct keeping *keeping, const struct sent *sent)
{
    bool crowded = commands->capacity == 0 || sent->number - commands->answered > commands->capacity / 2;
    if (crowded && commands->capacity < MOST)
        widen(commands, keeping);
    struct sent *place = &commands->ring[sent->number % commands->capacity];
    keeping_change(keeping, place, sizeof *place);
    *place = *sent;
    return place;
}

struct sent *commands_find(const struct commands *commands, uint32_t number)
{
    if (number == 0 || commands->capacity == 0)
        return NULL;
    struct sent *sent = &commands->ring[number % commands->capacity];
    return sent->number == number ? sent : NULL;
}

void commands_forget(struct commands *commands, const struct keeping *keeping)
{
    if (commands->ring != NULL)
        keeping->hooks->resize(keeping->context, commands->ring, commands->capacity * sizeof *commands->ring, 0);
    *commands = (struct commands){ .ring = NULL };
}

size_t commands_memory(const struct commands *commands)
{
    return commands->capacity * sizeof *commands->ring;
}
