/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Making events and handing them on. */

#include <stdarg.h>
#include <stdio.h>

#include "session_private.h"

struct smtp_event smtp_event_at(const struct smtp_session *session, enum smtp_event_kind kind, enum smtp_role role)
{
    return (struct smtp_event){ .kind = kind, .role = role, .offset = session->half[role].offset, .encrypted = session->encrypted };
}

void smtp_emit(const struct smtp_sink *sink, const struct smtp_event *event)
{
    sink->event(sink->context, event);
}

/* `finding`: all but its detail. */
static void report(struct smtp_session *session, struct smtp_finding_event finding, enum smtp_role role,
                   uint64_t offset, const struct smtp_sink *sink, const char *format, va_list arguments)
{
    char detail[256];
    vsnprintf(detail, sizeof detail, format, arguments);
    finding.detail = detail;
    struct smtp_event event = smtp_event_at(session, SMTP_EVENT_FINDING, role);
    event.offset = offset;
    event.finding = finding;
    session->reported |= UINT64_C(1) << finding.finding;
    smtp_emit(sink, &event);
}

void smtp_report(struct smtp_session *session, enum smtp_finding finding, enum smtp_role role, uint64_t offset,
                 const struct smtp_sink *sink, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    report(session, (struct smtp_finding_event){ .finding = finding }, role, offset, sink, format, arguments);
    va_end(arguments);
}

void smtp_report_offer(struct smtp_session *session, enum smtp_finding finding, enum smtp_role role, uint64_t offset,
                       const struct smtp_sink *sink, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    report(session, (struct smtp_finding_event){ .finding = finding, .of_offer = true }, role, offset, sink, format,
           arguments);
    va_end(arguments);
}

void smtp_report_once(struct smtp_session *session, enum smtp_finding finding, enum smtp_role role, uint64_t offset,
                      const struct smtp_sink *sink, const char *format, ...)
{
    if (smtp_reported(session, finding))
        return;
    va_list arguments;
    va_start(arguments, format);
    report(session, (struct smtp_finding_event){ .finding = finding }, role, offset, sink, format, arguments);
    va_end(arguments);
}

void smtp_report_proof(struct smtp_session *session, enum smtp_finding finding, enum smtp_role role, uint64_t offset,
                       const struct smtp_sink *sink, const char *format, ...)
{
    char detail[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(detail, sizeof detail, format, arguments);
    va_end(arguments);
    struct smtp_event event = smtp_event_at(session, SMTP_EVENT_FINDING_PROOF, role);
    event.offset = offset;
    event.finding_proof = (struct smtp_finding_proof_event){ .finding = finding, .detail = detail };
    session->reported |= UINT64_C(1) << finding;
    smtp_emit(sink, &event);
}

void smtp_boundary(struct smtp_session *session, enum smtp_boundary boundary, enum smtp_step step, enum smtp_role role,
                   uint64_t offset, uint32_t number, const struct smtp_sink *sink)
{
    struct smtp_event event = smtp_event_at(session, SMTP_EVENT_BOUNDARY, role);
    event.offset = offset;
    event.boundary = (struct smtp_boundary_event){ .boundary = boundary, .step = step, .number = number };
    smtp_emit(sink, &event);
}
