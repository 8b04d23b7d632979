/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The module that Wireshark loads: registers everything, and is called for each segment. */

#include "dialogue.h"
#include "fields.h"
#include "language.h"
#include "preferences.h"
#include "statistics.h"
#include "version.h"
#include "view.h"

#define PORTS "24-25,465,587,2525"
#define TLS_PORTS "465"

WS_DLL_PUBLIC_DEF const char plugin_version[] = SMTPSCOPE_VERSION;
WS_DLL_PUBLIC_DEF const int plugin_want_major = WIRESHARK_VERSION_MAJOR;
WS_DLL_PUBLIC_DEF const int plugin_want_minor = WIRESHARK_VERSION_MINOR;
WS_DLL_PUBLIC void plugin_register(void);
WS_DLL_PUBLIC uint32_t plugin_describe(void);

/* Who calls: the protocol in front of ours. */
static enum call_parent parent_of(const packet_info *pinfo, const void *data)
{
    wmem_list_frame_t *frame = wmem_list_tail(pinfo->layers);
    while (frame != NULL && GPOINTER_TO_INT(wmem_list_frame_data(frame)) == proto_esmtp)
        frame = wmem_list_frame_prev(frame);
    int parent = frame != NULL ? GPOINTER_TO_INT(wmem_list_frame_data(frame)) : 0;
    if (parent == proto_tcp && data != NULL)
        return CALL_FROM_TCP;
    return parent == proto_tls ? CALL_FROM_TLS : CALL_FROM_OTHER;
}

/* Facts that were just learned of frames that were shown before: counted now, for those who look but once. */
static void take_fresh_facts(const struct view *view)
{
    unsigned count;
    struct fact *const *fresh = facts_fresh(&count);
    bool wanted = statistics_wanted();
    for (unsigned i = 0; i < count; i++) {
        if (wanted)
            statistics_take(view->pinfo, fresh[i]);
        if (fresh[i]->kind == FACT_END && fact_frame(fresh[i]) != view->pinfo->num)
            view_message(view, (const struct end_fact *)fresh[i]);
    }
}

static void show_carried(const struct view *view)
{
    bool visited = PINFO_FD_VISITED(view->pinfo);
    bool count = visited && statistics_wanted();
    for (const struct piece *piece = call_pieces(view->call); piece != NULL; piece = piece->next) {
        for (const struct fact *fact = piece->first; fact != NULL; fact = fact->next) {
            if (count)
                statistics_take(view->pinfo, fact);
            if (fact->kind == FACT_END)
                view_message(view, (const struct end_fact *)fact);
        }
    }
    if (!visited)
        take_fresh_facts(view);
}

static void show(struct view *view)
{
    packet_info *pinfo = view->pinfo;
    const struct call *call = view->call;
    bool client = dialogue_role(call->dialogue, call->half) == SMTP_CLIENT;
    col_set_str(pinfo->cinfo, COL_PROTOCOL, "ESMTP");
    if (call == p_get_proto_data(wmem_file_scope(), pinfo, proto_esmtp, 0))
        col_clear(pinfo->cinfo, COL_INFO);
    view_column(view);
    if (view->top != NULL) {
        proto_item *item = proto_tree_add_item(view->top, proto_esmtp, view->tvb, 0, -1, ENC_NA);
        proto_item_append_text(item, ", %s%s", client ? "client" : "server", call->parent == CALL_FROM_TLS ? ", decrypted" : "");
        view->tree = proto_item_add_subtree(item, ett_esmtp);
        proto_item_set_generated(proto_tree_add_uint(view->tree, hf_esmtp_session, view->tvb, 0, 0, call->dialogue->number));
        proto_item_set_generated(
            proto_tree_add_boolean(view->tree, hf_esmtp_encrypted, view->tvb, 0, 0, call->parent == CALL_FROM_TLS));
        view_tree(view);
    }
    show_carried(view);
}

/* Wireshark's own dissector, for who wants both. */
static void run_smtp(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree)
{
    if (!esmtp_preferences.run_smtp || smtp_handle == NULL)
        return;
    col_set_writable(pinfo->cinfo, -1, FALSE);
    call_dissector_only(smtp_handle, tvb, pinfo, tree, NULL);
    col_set_writable(pinfo->cinfo, -1, TRUE);
}

static int dissect(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data, bool believed)
{
    struct dialogue_input input = { .tvb = tvb, .pinfo = pinfo, .data = data, .parent = parent_of(pinfo, data), .believed = believed };
    int length = (int)tvb_captured_length(tvb);
    if (length == 0)
        return 0;
    if (pinfo->flags.in_error_pkt) { /* an error message quotes the segment: it is none of the connection's */
        if (!believed)
            return 0;
        proto_item *item = proto_tree_add_item(tree, proto_esmtp, tvb, 0, -1, ENC_NA);
        proto_tree_add_item(proto_item_add_subtree(item, ett_esmtp), hf_esmtp_repeated, tvb, 0, -1, ENC_NA);
        return length;
    }
    facts_forget_fresh();
    uint32_t more = dialogue_wants_more(&input);
    if (more > 0) {
        pinfo->desegment_offset = 0;
        pinfo->desegment_len = more;
        return length;
    }
    struct view view = { .tvb = tvb, .pinfo = pinfo, .top = tree, .call = dialogue_take(&input) };
    if (view.call == NULL)
        return 0;
    if (view.call->dialogue->smtp.state != SMTP_CONVERSATION_ACCEPTED)
        return believed ? length : 0;
    show(&view);
    if (view.call->tls) {
        col_append_str(pinfo->cinfo, COL_INFO, "  ");
        col_set_fence(pinfo->cinfo, COL_INFO);
        pinfo->can_desegment++;
        call_dissector_only(tls_handle, tvb, pinfo, tree, NULL);
    } else {
        run_smtp(tvb, pinfo, tree);
    }
    return length;
}

static int dissect_esmtp(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    return dissect(tvb, pinfo, tree, data, true);
}

static esmtp_boolean dissect_by_content(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    return dissect(tvb, pinfo, tree, data, false) > 0;
}

static void register_protocol(void)
{
    language_follow_environment();
    fields_register();
    preferences_register();
    statistics_register();
    register_init_routine(dialogue_reset);
    esmtp_handle = register_dissector("esmtp", dissect_esmtp, proto_esmtp);
}

static void hand_off(void)
{
    static bool done;
    if (done)
        return;
    done = true;
    proto_tcp = proto_get_id_by_filter_name("tcp");
    proto_tls = proto_get_id_by_filter_name("tls");
    tls_handle = find_dissector("tls");
    imf_handle = find_dissector("imf");
    smtp_handle = find_dissector("smtp");
    dissector_add_uint_range_with_preference("tcp.port", PORTS, esmtp_handle);
    dissector_add_uint_range_with_preference("tls.port", TLS_PORTS, esmtp_handle);
    dissector_add_string("tls.alpn", "smtp", esmtp_handle);
    heur_dissector_add("tcp", dissect_by_content, "SMTP by its content", "esmtp_tcp", proto_esmtp, HEURISTIC_ENABLE);
}

void plugin_register(void)
{
    static proto_plugin plugin = { .register_protoinfo = register_protocol, .register_handoff = hand_off };
    proto_register_plugin(&plugin);
}

uint32_t plugin_describe(void)
{
    return 1; /* a dissector */
}
