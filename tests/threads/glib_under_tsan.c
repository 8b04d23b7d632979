/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * ThreadSanitizer sees what the program synchronises, but not what an installed GLib does: it is not built for it, and
 * its mutexes are futexes of its own. These stand in front of GLib's functions and say who waits for whom.
 */

#include <dlfcn.h>
#include <glib.h>
#include <sanitizer/tsan_interface.h>

#define GLIB(function) (__extension__(__typeof__(&function)) dlsym(RTLD_NEXT, #function))

void g_mutex_lock(GMutex *mutex)
{
    GLIB(g_mutex_lock)(mutex);
    __tsan_acquire(mutex);
}

void g_mutex_unlock(GMutex *mutex)
{
    __tsan_release(mutex);
    GLIB(g_mutex_unlock)(mutex);
}

void g_cond_wait(GCond *condition, GMutex *mutex)
{
    __tsan_release(mutex);
    GLIB(g_cond_wait)(condition, mutex);
    __tsan_acquire(mutex);
}

void g_async_queue_push(GAsyncQueue *queue, gpointer data)
{
    __tsan_release(queue);
    GLIB(g_async_queue_push)(queue, data);
}

gpointer g_async_queue_pop(GAsyncQueue *queue)
{
    gpointer data = GLIB(g_async_queue_pop)(queue);
    __tsan_acquire(queue);
    return data;
}

gpointer g_async_queue_try_pop(GAsyncQueue *queue)
{
    gpointer data = GLIB(g_async_queue_try_pop)(queue);
    __tsan_acquire(queue);
    return data;
}
