/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reference.h"

#define FIELD(name) .key = #name, .offset = offsetof(struct smtp_reference_entry, name)

const struct smtp_reference_field smtp_reference_fields[SMTP_REFERENCE_FIELDS] = {
    { FIELD(syntax), .label = N_("Syntax") },
    { FIELD(example), .label = N_("Example") },
    { FIELD(description), .label = N_("Description"), .prose = true },
    { FIELD(phase), .label = N_("When"), .prose = true },
    { FIELD(carrier), .label = N_("Stands in") },
    { FIELD(keyword), .label = N_("Announced by") },
    { FIELD(success), .label = N_("Success") },
    { FIELD(intermediate), .label = N_("In between") },
    { FIELD(failure), .label = N_("Failure") },
    { FIELD(next), .label = N_("Then") },
    { FIELD(causes), .label = N_("Usual causes"), .prose = true },
    { FIELD(action), .label = N_("What to do"), .prose = true },
    { FIELD(codes), .label = N_("With replies") },
    { FIELD(wire), .label = N_("On the wire"), .prose = true },
    { FIELD(reveals), .label = N_("A capture shows"), .prose = true },
    { FIELD(clear), .label = N_("Without TLS"), .prose = true },
};

const struct smtp_reference_table *const smtp_reference_tables[SMTP_REFERENCE_TABLES] = {
    &smtp_reference_commands, &smtp_reference_keywords, &smtp_reference_parameters, &smtp_reference_mechanisms,
    &smtp_reference_replies,  &smtp_reference_statuses, &smtp_reference_classes,    &smtp_reference_findings,
};

const char *smtp_reference_text(const struct smtp_reference_entry *entry, const struct smtp_reference_field *field)
{
    return *(const char *const *)((const char *)entry + field->offset);
}
