/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture_source.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "decompress.h"
#include "digest.h"
#include "language.h"
#include "signature.h"

/* Octets that the stream reads at a time; and so many if very many captures are open at once. */
#define STREAM_BUFFER_OCTETS 65536
#define SMALL_BUFFER_OCTETS 4096
#define MANY_CAPTURES 64

/* Descriptors at a time. */
#define DESCRIPTORS 24

/* While a live capture is silent, whether it is to end is looked at so often: milliseconds. */
#define INTERRUPT_CHECK 200

/* After so many looks it is called quiet. */
#define QUIET_CHECKS 5u

#define PCAP_NANOSECONDS 0xa1b23c4d
#define PCAP_HEADER_OCTETS 24
#define PCAP_SNAP 16 /* octets in front of the snap length */
#define PCAPNG_SECTION_HEADER 0x0a0d0d0a /* the same in both byte orders */

struct capture_files {
    GQueue open;    /* struct input, which have a descriptor and can do without; the last one used comes first */
    unsigned count; /* of captures that are read, with and without a descriptor */
};

/* What is behind the stream. */
struct input {
    struct capture_files *files;
    const char *name;
    int descriptor;     /* -1: others need it now */
    GList link;         /* of a regular file: in `open` of the files, while it has a descriptor */
    struct stat status; /* by which it is known again */
    bool close;         /* not standard input's */
    struct capture_hooks hooks;
    bool may_wait;      /* no regular file */
    uint64_t octets;    /* read of it so far */
    struct digest *digest; /* of them; NULL: none is wanted */
    struct decompressor *decompressor; /* NULL: it is not compressed */
    GByteArray *raw;    /* read to see whether it is compressed */
    size_t raw_given;
    GByteArray *peeked; /* read already, and not yet given out by the stream */
    size_t given;       /* octets of it */
    size_t buffer_octets;
    char buffer[];
};

/* ---- the stream ---- */

/* A signal that asks for the end ends a read that waits, too. */
static bool is_interrupted(const struct input *input)
{
    return input->hooks.interrupted != NULL && *input->hooks.interrupted != 0;
}

/* Waits until there is something to read. Returns false if the capture is to end here. */
static bool wait_for_octets(const struct input *input)
{
    struct pollfd descriptor = { .fd = input->descriptor, .events = POLLIN };
    if (!input->may_wait)
        return !is_interrupted(input);
    if (poll(&descriptor, 1, 0) == 0 && input->hooks.waits != NULL)
        input->hooks.waits(input->hooks.context);
    for (unsigned looks = 1; !is_interrupted(input) && poll(&descriptor, 1, INTERRUPT_CHECK) == 0; looks++)
        if (looks == QUIET_CHECKS && input->hooks.quiet != NULL)
            input->hooks.quiet(input->hooks.context);
    return !is_interrupted(input);
}

static bool is_file(const struct input *input)
{
    return input->close && S_ISREG(input->status.st_mode);
}

/* The input has got a descriptor: the one that was not used for the longest time loses its own, if they are too many. */
static void note_open(struct input *input)
{
    GQueue *open = &input->files->open;
    if (!is_file(input))
        return;
    input->link.data = input;
    g_queue_push_head_link(open, &input->link);
    if (open->length <= DESCRIPTORS)
        return;
    struct input *last = g_queue_pop_tail_link(open)->data;
    close(last->descriptor);
    last->descriptor = -1;
}

static bool open_again(struct input *input)
{
    struct stat status;
    input->descriptor = open(input->name, O_RDONLY | O_CLOEXEC);
    if (input->descriptor < 0)
        return false;
    note_open(input);
    if (fstat(input->descriptor, &status) != 0)
        return false;
    errno = ESTALE; /* another file has taken its place */
    return status.st_dev == input->status.st_dev && status.st_ino == input->status.st_ino;
}

static ssize_t read_file(struct input *input, void *octets, size_t length)
{
    if (input->descriptor < 0 && !open_again(input))
        return -1;
    if (input->files->open.head != &input->link) {
        g_queue_unlink(&input->files->open, &input->link);
        g_queue_push_head_link(&input->files->open, &input->link);
    }
    return pread(input->descriptor, octets, length, (off_t)input->octets);
}

/* What is in the file, compressed or not: first what was read of it to see which. */
static ssize_t read_raw(void *context, void *octets, size_t length)
{
    struct input *input = context;
    size_t left = input->raw->len - input->raw_given;
    if (left > 0) {
        size_t now = MIN(left, length);
        memcpy(octets, input->raw->data + input->raw_given, now);
        input->raw_given += now;
        return (ssize_t)now;
    }
    ssize_t got;
    do {
        if (!wait_for_octets(input))
            return 0;
        got = is_file(input) ? read_file(input, octets, length) : read(input->descriptor, octets, length);
    } while (got < 0 && errno == EINTR);
    input->octets += got > 0 ? (uint64_t)got : 0;
    if (got > 0 && input->digest != NULL)
        digest_add(input->digest, smtp_span(octets, (size_t)got));
    return got;
}

static ssize_t read_some(struct input *input, void *octets, size_t length)
{
    if (input->decompressor == NULL)
        return read_raw(input, octets, length);
    ssize_t got = decompressor_read(input->decompressor, octets, length, read_raw, input);
    if (got < 0 && decompressor_problem(input->decompressor) != NULL)
        errno = EBADMSG;
    return got;
}

static ssize_t read_peeked(struct input *input, void *octets, size_t length)
{
    size_t left = input->peeked->len - input->given;
    if (left == 0)
        return read_some(input, octets, length);
    size_t now = MIN(left, length);
    memcpy(octets, input->peeked->data + input->given, now);
    input->given += now;
    return (ssize_t)now;
}

static ssize_t stream_read(void *cookie, char *octets, size_t length)
{
    return read_peeked(cookie, octets, length);
}

static void input_free(struct input *input)
{
    if (is_file(input) && input->descriptor >= 0)
        g_queue_unlink(&input->files->open, &input->link);
    if (input->close && input->descriptor >= 0)
        close(input->descriptor);
    input->files->count--;
    if (input->decompressor != NULL)
        decompressor_free(input->decompressor);
    digest_free(input->digest);
    g_byte_array_free(input->raw, TRUE);
    g_byte_array_free(input->peeked, TRUE);
    g_free(input);
}

static int stream_close(void *cookie)
{
    input_free(cookie);
    return 0;
}

static FILE *stream_over(struct input *input)
{
    const cookie_io_functions_t functions = { .read = stream_read, .close = stream_close };
    FILE *stream = fopencookie(input, "rb", functions);
    if (stream != NULL)
        setvbuf(stream, input->buffer, _IOFBF, input->buffer_octets);
    return stream;
}

/* ---- looking at the first octets ---- */

/* Reads until `length` octets were peeked at, not one more: a live capture may not have one more yet. */
static bool peek(struct input *input, size_t length)
{
    size_t at = input->peeked->len;
    if (at >= length)
        return true;
    g_byte_array_set_size(input->peeked, (guint)length);
    while (at < length) {
        ssize_t got = read_some(input, input->peeked->data + at, length - at);
        if (got <= 0)
            break;
        at += (size_t)got;
    }
    g_byte_array_set_size(input->peeked, (guint)at);
    return at == length;
}

/* The number that the stream begins with. */
static uint32_t peeked_number(const struct input *input, bool big_endian)
{
    uint32_t number;
    memcpy(&number, input->peeked->data, sizeof number);
    return big_endian ? GUINT32_FROM_BE(number) : GUINT32_FROM_LE(number);
}

/* What is stored is read, whatever the header says: libpcap takes 0 for no limit. */
static void lift_snap_length(struct input *input)
{
    if (peek(input, PCAP_HEADER_OCTETS))
        memset(input->peeked->data + PCAP_SNAP, 0, 4);
}

static bool is_pcapng(const struct input *input)
{
    return peeked_number(input, true) == PCAPNG_SECTION_HEADER;
}

/* Digits of a second in a pcap. */
static unsigned precision_of(const struct input *input)
{
    return peeked_number(input, true) == PCAP_NANOSECONDS || peeked_number(input, false) == PCAP_NANOSECONDS ? 9 : 6;
}

/* By content, not by name. */
static void detect_compression(struct input *input)
{
    uint64_t limit = input->hooks.memory_limit > 0 ? input->hooks.memory_limit : CAPTURE_MEMORY_LIMIT;
    g_byte_array_set_size(input->raw, DECOMPRESS_SIGNATURE);
    input->raw_given = DECOMPRESS_SIGNATURE; /* nothing of it is there yet */
    size_t at = 0;
    ssize_t got = 1;
    while (at < DECOMPRESS_SIGNATURE && got > 0) {
        got = read_raw(input, input->raw->data + at, DECOMPRESS_SIGNATURE - at);
        at += got > 0 ? (size_t)got : 0;
    }
    g_byte_array_set_size(input->raw, (guint)at);
    input->raw_given = 0;
    if (at == DECOMPRESS_SIGNATURE)
        input->decompressor = decompressor_new(input->raw->data, limit);
}

static const char *problem_with(const struct input *input)
{
    return input->decompressor != NULL ? decompressor_problem(input->decompressor) : NULL;
}

/* What it is that is not read here; NULL: it may be. */
static char *problem_with_kind(const struct input *input)
{
    const struct signature *found = signature_of(smtp_span(input->peeked->data, input->peeked->len));
    if (found != NULL && found->kind == SIGNATURE_PACKED)
        return g_strdup_printf(_("is packed with %s, which is not read here: unpack it first"), found->name);
    if (found != NULL && found->kind == SIGNATURE_FOREIGN)
        return g_strdup_printf(_("is a capture of the kind %s, which is not read here: make a pcapng of it, with editcap for example"),
                               found->name);
    return NULL;
}

/* What is certainly wrong with it, or NULL. */
static char *problem_of(struct input *input)
{
    errno = 0;
    detect_compression(input);
    bool whole = peek(input, SIGNATURE_LEAST);
    if (!whole && problem_with(input) != NULL)
        return NULL; /* whoever reads on finds it again */
    if (!whole && errno != 0)
        return g_strdup_printf(_("cannot be read: %s"), g_strerror(errno));
    if (input->peeked->len == 0)
        return g_strdup(_("is empty"));
    if (!whole)
        return g_strdup(_("is not a capture (pcap or pcapng)"));
    return problem_with_kind(input);
}

/* ---- opening ---- */

static bool finish_opening(struct capture_source *source, struct input *input, char **problem)
{
    *problem = problem_of(input);
    if (*problem != NULL)
        return false;
    if (input->peeked->len >= SIGNATURE_LEAST) {
        source->is_pcapng = is_pcapng(input);
        source->precision = precision_of(input);
        if (!source->is_pcapng)
            lift_snap_length(input);
    }
    source->stream = stream_over(input);
    source->input = input;
    if (source->stream == NULL)
        *problem = g_strdup_printf(_("cannot be read: %s"), g_strerror(errno));
    return source->stream != NULL;
}

static struct input *input_new(struct capture_files *files, const char *name, int descriptor, const struct stat *status)
{
    size_t buffer_octets = files->count < MANY_CAPTURES ? STREAM_BUFFER_OCTETS : SMALL_BUFFER_OCTETS;
    struct input *input = g_malloc0(sizeof *input + buffer_octets);
    input->files = files;
    input->name = name;
    input->descriptor = descriptor;
    input->status = *status;
    input->close = descriptor != STDIN_FILENO;
    input->may_wait = !S_ISREG(status->st_mode);
    input->buffer_octets = buffer_octets;
    input->raw = g_byte_array_new();
    input->peeked = g_byte_array_new();
    files->count++;
    note_open(input);
    return input;
}

bool capture_source_open(struct capture_source *source, const char *name, struct capture_files *files,
                         const struct capture_hooks *hooks, char **problem)
{
    struct stat status;
    int descriptor = strcmp(name, "-") == 0 ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC);
    *source = (struct capture_source){ .precision = 6 };
    if (descriptor < 0 || fstat(descriptor, &status) != 0) {
        *problem = g_strdup_printf(_("cannot be opened: %s"), g_strerror(errno));
        return false;
    }
    struct input *input = input_new(files, name, descriptor, &status);
    if (hooks != NULL)
        input->hooks = *hooks;
    input->digest = input->hooks.digests ? digest_new() : NULL;
    source->octets = S_ISREG(status.st_mode) ? (uint64_t)status.st_size : 0;
    if (S_ISDIR(status.st_mode))
        *problem = g_strdup(_("is a directory; name the capture files in it"));
    else if (finish_opening(source, input, problem))
        return true;
    input_free(input);
    return false;
}

bool capture_source_is_file(const struct capture_source *source)
{
    return is_file(source->input);
}

struct capture_files *capture_files_new(void)
{
    return g_new0(struct capture_files, 1);
}

void capture_files_free(struct capture_files *files)
{
    g_free(files);
}

uint64_t capture_source_read(const struct capture_source *source)
{
    return source->input->octets;
}

const char *capture_source_problem(const struct capture_source *source)
{
    return problem_with(source->input);
}

bool capture_source_wants_memory(const struct capture_source *source)
{
    return source->input->decompressor != NULL && decompressor_wants_memory(source->input->decompressor);
}

size_t capture_source_memory(const struct capture_source *source)
{
    return source->input->decompressor != NULL ? decompressor_octets(source->input->decompressor) : 0;
}

char *capture_source_digest(struct capture_source *source)
{
    struct input *input = source->input;
    char rest[STREAM_BUFFER_OCTETS];
    ssize_t got;
    if (input->digest == NULL)
        return NULL;
    do
        got = read_raw(input, rest, sizeof rest);
    while (got > 0);
    if (got < 0 || is_interrupted(input))
        return NULL;
    char *digest = digest_end(input->digest);
    input->digest = NULL;
    return digest;
}
