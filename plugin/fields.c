/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fields.h"

#define DEFINE_FIELD(name, ...) int hf_esmtp_##name = -1;
ESMTP_FIELDS(DEFINE_FIELD)
#undef DEFINE_FIELD

int proto_esmtp = -1;
int proto_tcp, proto_tls;
int ett_esmtp = -1, ett_esmtp_unit = -1, ett_esmtp_part = -1;
expert_field ei_esmtp_incomplete = EI_INIT;
dissector_handle_t esmtp_handle, tls_handle, imf_handle, smtp_handle;

static expert_field findings[SMTP_FINDING_COUNT];

expert_field *fields_finding(enum smtp_finding finding)
{
    return &findings[finding];
}

static int severity_of(enum smtp_finding finding)
{
    static const int severities[] = {
        [SMTP_SEVERITY_INFO] = PI_CHAT,
        [SMTP_SEVERITY_LOW] = PI_NOTE,
        [SMTP_SEVERITY_MEDIUM] = PI_WARN,
        [SMTP_SEVERITY_HIGH] = PI_ERROR,
    };
    return severities[smtp_finding_severity(finding)];
}

/* "starttls-masked" becomes "esmtp.finding.starttls_masked". */
static char *filter_name(enum smtp_finding finding)
{
    char *name = wmem_strdup_printf(wmem_epan_scope(), "esmtp.finding.%s", smtp_finding_name(finding));
    return g_strdelimit(name, "-", '_');
}

static void register_expert_information(void)
{
    static ei_register_info rows[SMTP_FINDING_COUNT + 1];
    for (unsigned i = 0; i < SMTP_FINDING_COUNT; i++) {
        findings[i] = (expert_field)EI_INIT;
        rows[i] = (ei_register_info){
            &findings[i], { filter_name(i), PI_SECURITY, severity_of(i), smtp_finding_name(i), EXPFILL }
        };
    }
    rows[SMTP_FINDING_COUNT] = (ei_register_info){
        &ei_esmtp_incomplete,
        { "esmtp.message.incomplete", PI_REASSEMBLE, PI_WARN, "The message is not complete; it is not passed on as if it were", EXPFILL }
    };
    expert_register_field_array(expert_register_protocol(proto_esmtp), rows, array_length(rows));
}

void fields_register(void)
{
#define REGISTER_FIELD(name, filter, title, type, display, strings, description)                                            \
    { &hf_esmtp_##name, { title, "esmtp." filter, type, display, strings, 0, description, HFILL } },
    static hf_register_info rows[] = { ESMTP_FIELDS(REGISTER_FIELD) };
#undef REGISTER_FIELD
    static int *subtrees[] = { &ett_esmtp, &ett_esmtp_unit, &ett_esmtp_part };
    proto_esmtp = proto_register_protocol("SMTP dialogue (smtpscope)", "ESMTP", "esmtp");
    proto_register_field_array(proto_esmtp, rows, array_length(rows));
    proto_register_subtree_array(subtrees, array_length(subtrees));
    register_expert_information();
}
