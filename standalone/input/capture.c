/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture.h"

#include <inttypes.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <string.h>

#include "capture_source.h"
#include "language.h"
#include "pcapng.h"
#include "text.h"

#define STATUS_UNREADABLE 1
#define STATUS_DAMAGED 3

struct source {
    const char *name;
    pcap_t *pcap; /* NULL: not open, or at its end, or a pcapng */
    struct pcapng *pcapng; /* the same for one */
    struct capture_source source;
    unsigned precision;
    bool known;           /* it was opened before */
    bool searchable;      /* for secrets: a pcapng that can be read at any place, and was not searched yet */
    uint64_t octets_read; /* when it was closed */
    char *digest;         /* NULL: there is none */
    char *problem;        /* what was said of it last; NULL: nothing */
    struct capture_facts facts; /* without `problem` */
    size_t memory;        /* octets that decompressing takes while it is open */
    /* The frame that comes next in this file. */
    bool ready;
    bool parked;          /* only when it comes is known: the file is closed until then */
    int64_t time;
    struct pcapng_packet packet; /* its octets are valid until the file is read again */
    uint64_t lost;        /* packets, as the capture program counted them */
};

struct capture_set {
    struct source *sources;
    unsigned count;
    unsigned given; /* the source whose frame was given out last: to be read again before the next */
    bool any_given;
    const struct source *other; /* whose frame comes first when that source is left out; NULL: none */
    bool unreadable, damaged;
    unsigned searchable;        /* sources that are */
    bool secrets_found;         /* by the search that is under way */
    struct capture_files *files;
    size_t memory, most_memory; /* octets that decompressing takes now, and took at the most */
    struct capture_totals totals;
    struct capture_hooks hooks;
};

static void say(struct source *source, bool *flag, const char *what)
{
    GString *name = g_string_new(NULL);
    text_append_diagnostic(name, smtp_span_of_text(strcmp(source->name, "-") == 0 ? _("standard input") : source->name));
    fprintf(stderr, "smtpscope: %s: %s\n", name->str, what);
    g_string_free(name, TRUE);
    g_free(source->problem);
    source->problem = g_strdup(what);
    *flag = true;
}

/* Why there is no frame behind the last one, although the file goes on; `detail` is what libpcap says. The caller frees it. */
static char *why_it_ends(const struct source *source, const char *detail)
{
    const char *problem = capture_source_problem(&source->source);
    detail = problem != NULL ? problem : detail;
    if (problem != NULL && capture_source_wants_memory(&source->source))
        return source->packet.number > 0 ? g_strdup_printf(_("can be read up to frame %" PRIu64 " only: %s"), source->packet.number, detail)
                                  : g_strdup_printf(_("cannot be read: %s"), detail);
    return g_strdup_printf(_("ends early or is damaged behind frame %" PRIu64 " (%s)"), source->packet.number, detail);
}

static bool is_interrupted(const struct capture_set *set)
{
    return set->hooks.interrupted != NULL && *set->hooks.interrupted != 0;
}

static bool is_open(const struct source *source)
{
    return source->pcap != NULL || source->pcapng != NULL;
}

static void close_reader(struct source *source)
{
    if (source->pcap != NULL)
        pcap_close(source->pcap);
    if (source->pcapng != NULL) {
        pcapng_free(source->pcapng);
        fclose(source->source.stream);
    }
    source->pcap = NULL;
    source->pcapng = NULL;
}

/* The secrets type of a Decryption Secrets Block that holds lines of a TLS key log. */
#define SECRETS_OF_TLS 0x544c534bu

static void take_secrets(void *context, uint32_t type, struct smtp_span secrets)
{
    const struct capture_hooks *hooks = &((struct capture_set *)context)->hooks;
    if (type == SECRETS_OF_TLS && hooks->tls_secrets != NULL)
        hooks->tls_secrets(hooks->context, secrets);
}

static void count_secrets(void *context, uint32_t type, struct smtp_span secrets)
{
    struct capture_set *set = context;
    set->secrets_found = set->secrets_found || type == SECRETS_OF_TLS;
    take_secrets(set, type, secrets);
}

bool capture_set_find_secrets(struct capture_set *set)
{
    const struct pcapng_hooks hooks = { .secrets = count_secrets, .context = set };
    set->secrets_found = false;
    for (unsigned i = 0; i < set->count && set->searchable > 0; i++) {
        struct source *source = &set->sources[i];
        FILE *file = source->searchable ? fopen(source->name, "re") : NULL;
        set->searchable -= source->searchable ? 1 : 0;
        source->searchable = false;
        if (file == NULL)
            continue;
        pcapng_find_secrets(file, &hooks);
        fclose(file);
    }
    return set->secrets_found;
}

/* Begins to read the stream. False: it is no capture, as `message` says (PCAP_ERRBUF_SIZE octets). */
static bool open_reader(struct capture_set *set, struct source *source, char *message)
{
    const struct pcapng_hooks hooks = { .secrets = take_secrets, .context = set };
    if (!source->source.is_pcapng) {
        source->precision = source->source.precision;
        source->pcap = pcap_fopen_offline_with_tstamp_precision(source->source.stream, PCAP_TSTAMP_PRECISION_NANO, message);
        return source->pcap != NULL;
    }
    source->pcapng = pcapng_new(source->source.stream, &hooks);
    if (pcapng_begin(source->pcapng) == PCAPNG_PACKET)
        return true;
    g_strlcpy(message, pcapng_problem(source->pcapng), PCAP_ERRBUF_SIZE);
    pcapng_free(source->pcapng);
    source->pcapng = NULL;
    return false;
}

/* It is opened again when its turn comes, or it cannot be read. */
static void drop_source(struct capture_set *set, struct source *source)
{
    if (is_open(source)) {
        source->octets_read = capture_source_read(&source->source);
        set->memory -= source->memory;
        close_reader(source);
    }
    source->memory = 0;
    source->ready = false;
}

/* All of it was read, or as much as can be. */
static void close_source(struct capture_set *set, struct source *source)
{
    if (is_open(source))
        source->digest = capture_source_digest(&source->source);
    drop_source(set, source);
}

static void refuse_source(struct capture_set *set, struct source *source, const char *message)
{
    bool decompressing = capture_source_problem(&source->source) != NULL;
    bool damaged = decompressing && !capture_source_wants_memory(&source->source);
    char *problem = decompressing ? why_it_ends(source, message) : g_strdup_printf(_("is not a capture that can be read (%s)"), message);
    say(source, damaged ? &set->damaged : &set->unreadable, problem);
    set->totals.truncated = set->totals.truncated || damaged;
    g_free(problem);
    fclose(source->source.stream);
}

/* Files that are open at the same time share the memory for decompressing. */
static bool has_memory(const struct capture_set *set, const struct source *source)
{
    uint64_t limit = set->hooks.memory_limit > 0 ? set->hooks.memory_limit : CAPTURE_MEMORY_LIMIT;
    return source->memory == 0 || set->memory == 0 || set->memory + source->memory <= limit / 8 * 5;
}

static void open_source(struct capture_set *set, struct source *source)
{
    char message[PCAP_ERRBUF_SIZE] = "";
    char *problem = NULL;
    if (!capture_source_open(&source->source, source->name, set->files, &set->hooks, &problem)) {
        if (!is_interrupted(set))
            say(source, &set->unreadable, problem);
        g_free(problem);
        return;
    }
    if (!open_reader(set, source, message)) {
        refuse_source(set, source, message);
        return;
    }
    source->memory = capture_source_memory(&source->source);
    if (!source->known)
        source->searchable = source->source.is_pcapng && source->memory == 0 && capture_source_is_file(&source->source);
    set->searchable += !source->known && source->searchable ? 1 : 0;
    set->totals.captures += source->known ? 0 : 1;
    source->known = true;
    bool fits = has_memory(set, source);
    set->memory += source->memory;
    set->most_memory = MAX(set->most_memory, set->memory);
    if (fits)
        return;
    say(source, &set->unreadable, _("cannot be decompressed at the same time as the others: use a larger --memory-limit"));
    drop_source(set, source);
}

/* In nanoseconds. The seconds of a pcap have 32 bits and no sign: libpcap gives them one. */
static int64_t time_of(const struct pcap_pkthdr *header)
{
    return (int64_t)(uint32_t)header->ts.tv_sec * 1000000000 + header->ts.tv_usec % 1000000000;
}

/* The next packet of a pcap. PCAPNG_WRONG: `*detail` says what is wrong. */
static enum pcapng_result read_pcap(struct source *source, const char **detail)
{
    struct pcap_pkthdr *header;
    const u_char *octets;
    switch (pcap_next_ex(source->pcap, &header, &octets)) {
    case 1:
        source->packet = (struct pcapng_packet){
            .octets = smtp_span(octets, header->caplen),
            .original_octets = header->len,
            .number = source->packet.number + 1,
            .time = time_of(header),
            .link_type = pcap_datalink(source->pcap),
        };
        return PCAPNG_PACKET;
    case PCAP_ERROR_BREAK:
        return PCAPNG_END;
    default:
        *detail = pcap_geterr(source->pcap);
        return PCAPNG_WRONG;
    }
}

static enum pcapng_result read_pcapng(struct source *source, const char **detail)
{
    enum pcapng_result result = pcapng_next(source->pcapng, &source->packet);
    source->precision = pcapng_precision(source->pcapng);
    source->lost = pcapng_lost(source->pcapng);
    *detail = pcapng_problem(source->pcapng);
    return result;
}

/* Reads the next frame of one file. */
static void advance(struct capture_set *set, struct source *source)
{
    const char *detail = NULL;
    source->ready = false;
    if (!is_open(source))
        return;
    enum pcapng_result result = source->pcapng != NULL ? read_pcapng(source, &detail) : read_pcap(source, &detail);
    if (result == PCAPNG_PACKET) {
        source->ready = true;
        source->time = source->packet.time;
        return;
    }
    if (result == PCAPNG_WRONG && !is_interrupted(set)) {
        char *sentence = why_it_ends(source, detail);
        say(source, &set->damaged, sentence);
        g_free(sentence);
        set->totals.truncated = true;
    }
    close_source(set, source);
}

/*
 * Of several files only those are open whose turn it is: a ring of thousands takes no more than one. What cannot be opened twice
 * stays open.
 */
static void park(struct capture_set *set, struct source *source)
{
    if (set->count == 1 || !is_open(source) || !capture_source_is_file(&source->source))
        return;
    advance(set, source);
    if (!source->ready)
        return;
    drop_source(set, source);
    source->octets_read = 0;
    source->packet.number = 0;
    source->ready = source->parked = true;
}

/* Its turn has come, it seems: what is in the file decides. */
static void unpark(struct capture_set *set, struct source *source)
{
    source->ready = source->parked = false;
    open_source(set, source);
    advance(set, source);
}

struct capture_set *capture_set_open(char *const *names, unsigned count, const struct capture_hooks *hooks)
{
    struct capture_set *set = g_new0(struct capture_set, 1);
    set->sources = g_new0(struct source, count);
    set->count = count;
    if (hooks != NULL)
        set->hooks = *hooks;
    set->files = capture_files_new();
    for (unsigned i = 0; i < count; i++) {
        set->sources[i].name = names[i];
        set->sources[i].precision = 6;
        open_source(set, &set->sources[i]);
        park(set, &set->sources[i]);
    }
    for (unsigned i = 0; i < count; i++)
        if (!set->sources[i].parked)
            advance(set, &set->sources[i]);
    return set;
}

/* Of two that are ready: by time, and then in the order given. */
static bool comes_before(const struct source *one, const struct source *other)
{
    return one->time != other->time ? one->time < other->time : one < other;
}

/* Whose frame comes first; NULL: there is none. */
static struct source *find_first(struct capture_set *set)
{
    struct source *first = NULL;
    set->other = NULL;
    for (unsigned i = 0; i < set->count; i++) {
        struct source *source = &set->sources[i];
        if (!source->ready)
            continue;
        if (first == NULL || comes_before(source, first)) {
            set->other = first;
            first = source;
        } else if (set->other == NULL || comes_before(source, set->other)) {
            set->other = source;
        }
    }
    return first;
}

static void count_frame(struct source *source)
{
    struct capture_facts *facts = &source->facts;
    facts->first = facts->frames == 0 ? source->time : MIN(facts->first, source->time);
    facts->last = facts->frames == 0 ? source->time : MAX(facts->last, source->time);
    facts->frames++;
    facts->octets += source->packet.octets.length;
}

bool capture_set_next(struct capture_set *set, struct capture_frame *frame)
{
    struct source *next = NULL;
    if (set->any_given) {
        next = &set->sources[set->given];
        advance(set, next);
    }
    if (next == NULL || !next->ready || (set->other != NULL && comes_before(set->other, next)))
        next = find_first(set);
    while (next != NULL && next->parked) {
        unpark(set, next);
        next = find_first(set);
    }
    set->any_given = next != NULL;
    if (next == NULL)
        return false;
    set->given = (unsigned)(next - set->sources);
    set->totals.frames++;
    set->totals.octets += next->packet.octets.length;
    count_frame(next);
    *frame = (struct capture_frame){
        .octets = next->packet.octets,
        .original_octets = next->packet.original_octets,
        .number = next->packet.number,
        .time = next->time,
        .capture = set->given,
        .link_type = next->packet.link_type,
    };
    return true;
}

const char *capture_set_name(const struct capture_set *set, unsigned index)
{
    return set->sources[index].name;
}

const char *capture_set_digest(const struct capture_set *set, unsigned index)
{
    return set->sources[index].digest;
}

unsigned capture_set_precision(const struct capture_set *set, unsigned index)
{
    return set->sources[index].precision;
}

int capture_set_exit_status(const struct capture_set *set)
{
    if (set->unreadable)
        return STATUS_UNREADABLE;
    return set->damaged ? STATUS_DAMAGED : 0;
}

struct capture_totals capture_set_totals(const struct capture_set *set)
{
    struct capture_totals totals = set->totals;
    for (unsigned i = 0; i < set->count; i++)
        totals.lost += set->sources[i].lost;
    return totals;
}

struct capture_facts capture_set_facts(const struct capture_set *set, unsigned index)
{
    struct capture_facts facts = set->sources[index].facts;
    facts.problem = set->sources[index].problem;
    return facts;
}

struct capture_progress capture_set_progress(const struct capture_set *set)
{
    struct capture_progress progress = { .known = true };
    for (unsigned i = 0; i < set->count; i++) {
        const struct source *source = &set->sources[i];
        progress.read += is_open(source) ? capture_source_read(&source->source) : source->octets_read;
        progress.total += source->source.octets;
        progress.known = progress.known && source->source.octets > 0;
    }
    return progress;
}

size_t capture_set_memory(const struct capture_set *set)
{
    return set->most_memory;
}

void capture_set_close(struct capture_set *set)
{
    for (unsigned i = 0; i < set->count; i++) {
        close_source(set, &set->sources[i]);
        g_free(set->sources[i].digest);
        g_free(set->sources[i].problem);
    }
    capture_files_free(set->files);
    g_free(set->sources);
    g_free(set);
}
