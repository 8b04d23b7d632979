/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dialogue.h"

#include "fields.h"

static struct dialogue *all; /* of this capture file, the first one first */
static struct dialogue **next_one = &all;
static uint32_t sessions;        /* so far */
static bool finished;            /* all were brought to an end, provisionally */
static uint32_t sessions_before; /* that */

void dialogue_reset(void)
{
    all = NULL;
    next_one = &all;
    sessions = 0;
    finished = false;
    facts_reset();
}

/* ---- what the conversation asks for ---- */

static void take_event(void *context, const struct smtp_event *event)
{
    facts_event(context, event);
}

static struct smtp_session *start_session(void *context)
{
    struct dialogue *dialogue = context;
    dialogue->number = ++sessions;
    facts_begin(dialogue);
    if (!dialogue->smtp.believed)
        conversation_set_dissector_from_frame_number(dialogue->conversation, dialogue->first_frame, esmtp_handle);
    return wmem_new(wmem_file_scope(), struct smtp_session);
}

static void refuse(void *context)
{
    (void)context;
}

static void *resize(void *memory, size_t octets)
{
    if (octets > 0)
        return wmem_realloc(wmem_file_scope(), memory, octets);
    wmem_free(wmem_file_scope(), memory);
    return NULL;
}

static const struct smtp_conversation_hooks hooks = {
    .event = take_event, .begins = start_session, .refused = refuse, .resize = resize
};

/* ---- octets in order ---- */

static void take_octets(void *context, unsigned half, struct smtp_span octets, void *owner, uint32_t skip)
{
    struct dialogue *dialogue = context;
    if (dialogue_is_refused(dialogue))
        return;
    uint64_t offset = dialogue->offset[half];
    dialogue->offset[half] += octets.length;
    facts_add_piece(&dialogue->facts, half, owner, offset, skip, (uint32_t)octets.length);
    smtp_conversation_octets(&dialogue->smtp, (int)half, offset, octets);
}

static void take_gap(void *context, unsigned half, uint64_t octets)
{
    struct dialogue *dialogue = context;
    dialogue->offset[half] += octets;
    smtp_conversation_gap(&dialogue->smtp, (int)half, dialogue->offset[half]);
}

static const struct stream_consumer consumer = { .octets = take_octets, .gap = take_gap };

/* ---- the end of the first pass ---- */

static void finish(struct dialogue *dialogue)
{
    if (dialogue_is_refused(dialogue))
        return;
    dialogue->stream.keep = true;
    stream_drain(&dialogue->stream, &consumer, dialogue);
    smtp_conversation_end(&dialogue->smtp);
}

/* Nothing is left to say: its end would say nothing either. */
static bool is_over(const struct dialogue *dialogue)
{
    const struct smtp_session *session = dialogue->smtp.session;
    uint64_t offset;
    struct smtp_span octets;
    if (dialogue_is_refused(dialogue))
        return true;
    return session != NULL && smtp_session_is_idle(session) && dialogue->stream.half[0].queue == NULL &&
           dialogue->stream.half[1].queue == NULL &&
           !smtp_waiting_first(&dialogue->smtp.waiting[0], &offset, &octets) &&
           !smtp_waiting_first(&dialogue->smtp.waiting[1], &offset, &octets);
}

static void finish_provisionally(struct dialogue *dialogue)
{
    if (is_over(dialogue))
        return;
    struct dialogue *saved = wmem_memdup(wmem_file_scope(), dialogue, sizeof *dialogue);
    if (saved->facts.account != NULL)
        dialogue->facts.account = wmem_memdup(wmem_file_scope(), saved->facts.account, sizeof *saved->facts.account);
    if (saved->smtp.session != NULL)
        dialogue->smtp.session = wmem_memdup(wmem_file_scope(), saved->smtp.session, sizeof *saved->smtp.session);
    for (unsigned half = 0; half < 2; half++)
        dialogue->smtp.waiting[half] = smtp_waiting_copy(&saved->smtp.waiting[half], resize);
    dialogue->facts.shared = true;
    dialogue->saved = saved;
    finish(dialogue);
}

/* A frame is looked at again, so the first pass is over, as far as is known. */
static void finish_all(void)
{
    if (finished)
        return;
    finished = true;
    sessions_before = sessions;
    facts_begin_provisional();
    for (struct dialogue *dialogue = all; dialogue != NULL; dialogue = dialogue->next)
        finish_provisionally(dialogue);
    facts_end_provisional();
}

/* More frames came all the same, as in a live capture: everything is as it was before. */
static void resume_all(void)
{
    if (!finished)
        return;
    finished = false;
    sessions = sessions_before;
    facts_roll_back();
    for (struct dialogue *dialogue = all; dialogue != NULL; dialogue = dialogue->next) {
        struct dialogue *saved = dialogue->saved;
        if (saved == NULL)
            continue;
        smtp_conversation_clear(&dialogue->smtp);
        wmem_free(wmem_file_scope(), dialogue->smtp.session);
        wmem_free(wmem_file_scope(), dialogue->facts.account);
        saved->next = dialogue->next;
        *dialogue = *saved;
        wmem_free(wmem_file_scope(), saved);
    }
}

/* ---- conversations ---- */

struct dialogue *dialogue_of(packet_info *pinfo)
{
    conversation_t *conversation = find_conversation_pinfo(pinfo, 0);
    return conversation != NULL ? conversation_get_proto_data(conversation, proto_esmtp) : NULL;
}

static uint32_t find_port(const conversation_t *conversation, unsigned which)
{
    return which == 0 ? conversation_key_port1(conversation->key_ptr) : conversation_key_port2(conversation->key_ptr);
}

static struct dialogue *new_dialogue(const struct dialogue_input *input, conversation_t *conversation)
{
    packet_info *pinfo = input->pinfo;
    struct dialogue *dialogue = facts_memory(sizeof *dialogue);
    dialogue->conversation = conversation;
    dialogue->smtp.hooks = &hooks;
    dialogue->smtp.context = dialogue;
    dialogue->first_frame = pinfo->num;
    *next_one = dialogue;
    next_one = &dialogue->next;
    conversation_add_proto_data(conversation, proto_esmtp, dialogue);

    /* Who sent the connection's first packet opened it, unless that answered a SYN that was not captured. */
    bool opener_first = true;
    const struct tcp_analysis *analysis =
        input->parent == CALL_FROM_TCP ? get_tcp_conversation_data(conversation, pinfo) : NULL;
    uint8_t syns = analysis != NULL ? analysis->conversation_completeness & 3 : 0;
    if (analysis != NULL) {
        dialogue->smtp.opener_known = syns != 0;
        dialogue->smtp.middle = syns == 0;
        opener_first = syns != 2;
    }
    copy_address_wmem(wmem_file_scope(), &dialogue->opener,
                      opener_first ? conversation_key_addr1(conversation->key_ptr)
                                   : conversation_key_addr2(conversation->key_ptr));
    dialogue->smtp.port[0] = (uint16_t)find_port(conversation, opener_first ? 0 : 1);
    dialogue->smtp.port[1] = (uint16_t)find_port(conversation, opener_first ? 1 : 0);
    if (analysis == NULL)
        return dialogue;
    bool from_opener = addresses_equal(&pinfo->src, &dialogue->opener) && pinfo->srcport == dialogue->smtp.port[0];
    const struct tcpinfo *tcp = input->data;
    const tcp_flow_t *flows[2] = { from_opener ? analysis->fwd : analysis->rev,
                                   from_opener ? analysis->rev : analysis->fwd };
    for (unsigned half = 0; half < 2; half++) {
        if (!(syns & (1u << half)))
            continue;
        /* Numbers are relative or not, as it was set: then the first octet's is 1, or one more than the SYN's. */
        bool sends = from_opener == (half == 0);
        uint32_t number = sends ? tcp->seq : tcp->lastackseq;
        uint32_t absolute = flows[half]->base_seq + 1;
        bool relative = (int32_t)(number - 1) >= 0 && number - 1 <= number - absolute;
        stream_begin(&dialogue->stream, half, relative ? 1 : absolute);
    }
    return dialogue;
}

static struct dialogue *find_dialogue(const struct dialogue_input *input)
{
    conversation_t *conversation = find_or_create_conversation(input->pinfo);
    struct dialogue *dialogue = conversation_get_proto_data(conversation, proto_esmtp);
    return dialogue != NULL ? dialogue : new_dialogue(input, conversation);
}

static unsigned half_of(const struct dialogue *dialogue, const packet_info *pinfo)
{
    bool opener = addresses_equal(&pinfo->src, &dialogue->opener);
    if (opener && addresses_equal(&pinfo->dst, &dialogue->opener))
        opener = pinfo->srcport == dialogue->smtp.port[0];
    return opener ? 0 : 1;
}

/* ---- calls ---- */

/* How many calls without sequence numbers there were in this look at the frame. */
static uint32_t next_ordinal(packet_info *pinfo)
{
    uint32_t *count = p_get_proto_data(pinfo->pool, pinfo, proto_esmtp, 1);
    if (count == NULL) {
        count = wmem_new0(pinfo->pool, uint32_t);
        p_add_proto_data(pinfo->pool, pinfo, proto_esmtp, 1, count);
    }
    return (*count)++;
}

static uint32_t key_of(const struct dialogue_input *input)
{
    if (input->parent == CALL_FROM_TCP)
        return ((const struct tcpinfo *)input->data)->seq;
    if (input->parent == CALL_FROM_TLS)
        return next_ordinal(input->pinfo);
    return (uint32_t)tvb_raw_offset(input->tvb);
}

static struct call *find_call(const struct dialogue_input *input, uint32_t key)
{
    uint32_t length = tvb_captured_length(input->tvb);
    struct call *call = p_get_proto_data(wmem_file_scope(), input->pinfo, proto_esmtp, 0);
    while (call != NULL && !(call->key == key && call->length == length && call->parent == (uint8_t)input->parent))
        call = call->next;
    return call;
}

static struct call *new_call(const struct dialogue_input *input, struct dialogue *dialogue, uint32_t key)
{
    packet_info *pinfo = input->pinfo;
    struct call *call = facts_memory(sizeof *call);
    call->dialogue = dialogue;
    call->frame = pinfo->num;
    call->time = (int64_t)pinfo->abs_ts.secs * 1000000000 + pinfo->abs_ts.nsecs;
    call->key = key;
    call->length = tvb_captured_length(input->tvb);
    call->parent = (uint8_t)input->parent;
    call->half = (uint8_t)half_of(dialogue, pinfo);
    struct call *first = p_get_proto_data(wmem_file_scope(), pinfo, proto_esmtp, 0);
    if (first == NULL) {
        p_add_proto_data(wmem_file_scope(), pinfo, proto_esmtp, 0, call);
        return call;
    }
    while (first->next != NULL)
        first = first->next;
    first->next = call;
    return call;
}

#define COMPLETENESS_FIN 0x10 /* in Wireshark: a FIN was captured */

/* Segments without data do not come here, but Wireshark's TCP knows whether one had a FIN: it does not say whose. */
static bool peer_may_have_ended(const struct dialogue *dialogue, packet_info *pinfo)
{
    const struct tcp_analysis *analysis = get_tcp_conversation_data(dialogue->conversation, pinfo);
    return analysis != NULL && (analysis->conversation_completeness & COMPLETENESS_FIN) != 0;
}

static void take_segment(struct dialogue *dialogue, const struct dialogue_input *input, struct call *call,
                         struct smtp_span octets)
{
    const struct tcpinfo *tcp = input->data;
    struct stream_segment segment = {
        .octets = octets,
        .length = tvb_reported_length(input->tvb),
        .sequence = tcp->seq,
        .acknowledgement = tcp->lastackseq,
        .acknowledges = (tcp->flags & TH_ACK) != 0,
        .peer_ended = peer_may_have_ended(dialogue, input->pinfo),
        .time = call->time,
        .owner = call,
    };
    stream_take(&dialogue->stream, call->half, &segment, &consumer, dialogue);
}

/* Octets out of TLS, or of a parent that puts them in order itself. */
static void take_ordered(struct dialogue *dialogue, const struct dialogue_input *input, struct call *call,
                         struct smtp_span octets)
{
    if (input->parent == CALL_FROM_TLS && !dialogue->smtp.decrypted) {
        /* Its first octets must have a place before anything is said of them. */
        facts_add_piece(&dialogue->facts, call->half, call, dialogue->offset[call->half], 0, 0);
        smtp_conversation_decrypted(&dialogue->smtp, call->half, dialogue->offset);
        dialogue->facts.unit[0] = dialogue->facts.unit[1] = NULL;
    }
    take_octets(dialogue, call->half, octets, call, 0);
}

/* Behind this frame TLS takes over. */
static void hand_over(struct dialogue *dialogue, packet_info *pinfo)
{
    dialogue->handed = true;
    ssl_starttls_post_ack(tls_handle, pinfo, esmtp_handle);
    conversation_set_dissector_from_frame_number(dialogue->conversation, 0, esmtp_handle);
    conversation_set_dissector_from_frame_number(dialogue->conversation, pinfo->num + 1, tls_handle);
}

/* Whether TLS begins with these octets: that cannot always be said of the first few of a record. */
static enum smtp_tls_look look_for_tls(const struct dialogue *dialogue, tvbuff_t *tvb, struct smtp_tls_record *record)
{
    if (dialogue->handed || dialogue->smtp.decrypted || dialogue_is_refused(dialogue) || tls_handle == NULL)
        return SMTP_TLS_NO;
    bool first =
        dialogue->smtp.session == NULL && dialogue->smtp.believed && dialogue->offset[0] + dialogue->offset[1] == 0;
    const struct smtp_session *session = dialogue->smtp.session;
    bool asked = session != NULL && (session->starttls.accepted || session->starttls.doubtful);
    if (!first && !asked)
        return SMTP_TLS_NO;
    uint32_t length = tvb_captured_length(tvb);
    enum smtp_tls_look look = smtp_tls_look(smtp_span(tvb_get_ptr(tvb, 0, (int)length), length), record);
    bool begun = session != NULL && session->tls.begun;
    return look == SMTP_TLS_PERHAPS && begun ? SMTP_TLS_NO : look;
}

uint32_t dialogue_wants_more(const struct dialogue_input *input)
{
    struct smtp_tls_record record;
    if (input->parent != CALL_FROM_TCP || !input->pinfo->can_desegment || PINFO_FD_VISITED(input->pinfo))
        return 0;
    conversation_t *conversation = find_conversation_pinfo(input->pinfo, 0);
    struct dialogue *dialogue = conversation != NULL ? conversation_get_proto_data(conversation, proto_esmtp) : NULL;
    if (dialogue == NULL && input->believed)
        dialogue = find_dialogue(input);
    if (dialogue == NULL)
        return 0;
    dialogue->smtp.believed = dialogue->smtp.believed || input->believed;
    enum smtp_tls_look look = look_for_tls(dialogue, input->tvb, &record);
    if (look == SMTP_TLS_PERHAPS)
        return DESEGMENT_ONE_MORE_SEGMENT;
    if (look == SMTP_TLS_NO)
        return 0;
    size_t whole = record.header_octets + record.body_octets;
    uint32_t length = tvb_reported_length(input->tvb);
    return whole > length ? (uint32_t)(whole - length) : 0;
}

static struct call *take_first(const struct dialogue_input *input, uint32_t key)
{
    struct dialogue *dialogue = find_dialogue(input);
    if (dialogue_is_refused(dialogue))
        return NULL;
    dialogue->smtp.believed = dialogue->smtp.believed || input->believed;
    uint32_t length = tvb_captured_length(input->tvb);
    struct smtp_span octets = smtp_span(length > 0 ? tvb_get_ptr(input->tvb, 0, (int)length) : NULL, length);
    struct call *call = new_call(input, dialogue, key);
    bool may_be_tls = input->parent == CALL_FROM_TCP && look_for_tls(dialogue, input->tvb, NULL) == SMTP_TLS_YES;
    if (input->parent == CALL_FROM_TCP)
        take_segment(dialogue, input, call, octets);
    else
        take_ordered(dialogue, input, call, octets);
    if (may_be_tls && dialogue->smtp.session != NULL && dialogue->smtp.session->tls.begun) {
        call->tls = true;
        hand_over(dialogue, input->pinfo);
    }
    return dialogue_is_refused(dialogue) ? NULL : call;
}

struct call *dialogue_take(const struct dialogue_input *input)
{
    bool visited = PINFO_FD_VISITED(input->pinfo);
    if (visited)
        finish_all();
    else
        resume_all();
    uint32_t key = key_of(input);
    struct call *call = find_call(input, key);
    if (call != NULL)
        return dialogue_is_refused(call->dialogue) ? NULL : call;
    return visited ? NULL : take_first(input, key);
}
