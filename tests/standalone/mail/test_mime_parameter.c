/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Names of files in Content-Type and Content-Disposition: no ending is lost, however it is written. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <gmime/gmime.h>
#include <string.h>

#include "mime_parameter.h"

static void test_names(void **state)
{
    static const struct {
        const char *field, *name; /* NULL: there is none */
    } cases[] = {
        { "attachment", NULL },
        { "attachment; filename=a.exe", "a.exe" },
        { "attachment; FileName = \"a.exe\" ; size=3", "a.exe" },
        { "attachment; filename=\"\"", "" },
        { "attachment; filename=a.exe\"", "a.exe" },
        { "attachment; filename=\"=?utf-8?Q?a\"b.exe?=\"", "ab.exe" },
        { "attachment; filename=", "" },
        { "attachment; xfilename=b; filename=a.exe; filename=c", "a.exe" },
        { "attachment;;foo;filename=a", "a" },
        { "filename=a.exe", "a.exe" },
        { "attachment (x; filename=b); filename=a", "a" },
        /* quotes, backslashes, comments, white space */
        { "attachment; filename=\"a;b=\\\"c\\\\d\\e.exe\"", "a;b=\"c\\de.exe" },
        { "attachment; filename=a b.exe", "a b.exe" },
        { "attachment; filename=a.exe (mine) (yours)", "a.exe" },
        { "attachment; filename=(mine) a.exe", "a.exe" },
        { "attachment; filename=a (1).exe", "a (1).exe" },
        { "attachment; filename=a(1).exe", "a(1).exe" },
        { "attachment; filename=\"a.pdf\".exe", "a.pdf.exe" },
        { "attachment; filename=\"a.pdf\" \".exe\"", "a.pdf .exe" },
        { "attachment; filename=\"a.exe", "a.exe" },
        { "attachment; filename=\"a.exe; size=3", "a.exe" },
        { "attachment; filename=5\" disk.exe; size=3", "5\" disk.exe" },
        { "attachment; filename=\"..\\\\..\\\\a/b.exe\"", "..\\..\\a/b.exe" },
        { "attachment; filename=\"a.pdf                    .exe\"", "a.pdf                    .exe" },
        { "attachment; filename=\"gpj\xe2\x80\xae.exe\"", "gpj\xe2\x80\xae.exe" },
        { "attachment; filename=\"caf\xe9.exe\"", "caf\xe9.exe" },
        { "attachment; filename=\"a.exe. . \"", "a.exe. . " },
        /* encoded words */
        { "attachment; filename=\"=?utf-8?B?UmVjaG51bmcgMjAyNC5wZGY=?= =?utf-8?B?LmV4ZQ==?=\"",
          "Rechnung 2024.pdf.exe" },
        { "attachment; filename==?utf-8?B?UmVj?= =?utf-8?Q?.exe?=", "Rec.exe" },
        { "attachment; filename=\"=?utf-8?B?UmVj?=\" \"=?utf-8?B?LmV4ZQ==?=\"", "Rec.exe" },
        { "attachment; filename=\"=?utf-8?B?UmVj?=.exe\"", "Rec.exe" },
        { "attachment; filename=\"=?x-unknown?B?UmVjLmV4ZQ==?=\"", "Rec.exe" },
        { "attachment; filename=\"=?utf-8?B?6S5leGU=?=\"", "\xe9.exe" },
        { "attachment; filename=\"=?utf-8?B?4oI=?= =?utf-8?B?rC5leGU=?=\"", "\xe2\x82\xac.exe" },
        { "attachment; filename=\"=?utf-8?B?UmVj\"", "=?utf-8?B?UmVj" },
        { "attachment; filename=\"=?iso-2022-jp?B?GyRCJUYbKEI=?= =?iso-2022-jp?B?GyRCJTkbKEIuZXhl?=\"",
          "\xe3\x83\x86\xe3\x82\xb9.exe" },
        /* RFC 2231 */
        { "attachment; filename*=utf-8''%e2%82%ac.exe", "\xe2\x82\xac.exe" },
        { "attachment; filename*=\"UTF-8'de'%E2%82%AC.exe\"", "\xe2\x82\xac.exe" },
        { "attachment; filename*=iso-8859-1''caf%E9.exe", "caf\xc3\xa9.exe" },
        { "attachment; filename*=x-unknown''caf%E9.exe", "caf\xe9.exe" },
        { "attachment; filename*=''a%2Eexe", "a.exe" },
        { "attachment; filename*=a%2Eexe", "a.exe" },
        { "attachment; filename*=utf-8''a%zz%2", "a%zz%2" },
        { "attachment; filename=b.pdf; filename*=utf-8''a.exe", "a.exe" },
        { "attachment; filename*=utf-8''a.exe; filename=b.pdf", "a.exe" },
        { "attachment; filename*=; filename=b.exe", "b.exe" },
        { "attachment; filename*0=\"invoice.pdf\"; filename*1=\".exe\"", "invoice.pdf.exe" },
        { "attachment; filename*1=\".exe\"; filename*0=\"invoice.pdf\"", "invoice.pdf.exe" },
        { "attachment; filename*0=\"invoice.pdf\"; filename*2=\".exe\"", "invoice.pdf.exe" },
        { "attachment; filename*1=\"invoice.pdf\"; filename*2=\".exe\"", "invoice.pdf.exe" },
        { "attachment; filename*0*=utf-8''%E2%82; filename*1*=%AC; filename*2=.e%78e", "\xe2\x82\xac.e%78e" },
        { "attachment; filename*0*=utf-8''a; filename*1=\"b\"; filename*2*=%2Eexe", "ab.exe" },
        { "attachment; filename*0=a; filename*1*=utf-8''%2Eexe", "autf-8''.exe" },
        { "attachment; filename*0=\"=?utf-8?B?UmVj\"; filename*1=\"LmV4ZQ==?=\"", "Rec.exe" },
        { "attachment; filename*0=\"=?utf-8?B?UmVj?=\"; filename*1=\" =?utf-8?B?LmV4ZQ==?=\"", "Rec.exe" },
        { "attachment; filename*10=c; filename*9=b; filename*00=a", "abc" },
        { "attachment; filename*x=a; filename**=b", NULL },
    };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        GString *name = mime_parameter_name(smtp_span_of_text(cases[i].field), "filename");
        if ((name == NULL) != (cases[i].name == NULL) || (name != NULL && strcmp(name->str, cases[i].name) != 0))
            print_error("%s: %s\n", cases[i].field, name != NULL ? name->str : "none");
        assert_true((name == NULL) == (cases[i].name == NULL));
        if (name == NULL)
            continue;
        assert_string_equal(name->str, cases[i].name);
        g_string_free(name, TRUE);
    }
}

/* What stands behind a NUL or another control character is of the name, too. */
static void test_control_octets(void **state)
{
    static const char raw[] = "attachment; filename=\"a.pdf\0.exe\"";
    static const char *const fields[] = { "attachment; filename*=utf-8''a.pdf%00.exe",
                                          "attachment; filename=\"=?utf-8?Q?a.pdf=00.exe?=\"",
                                          "attachment; filename=\"=?utf-8?B?YS5wZGYALmV4ZQ==?=\"",
                                          "attachment; filename*0*=''a.pdf%00; filename*1=.exe" };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(fields) + 1; i++) {
        struct smtp_span field =
            i < G_N_ELEMENTS(fields) ? smtp_span_of_text(fields[i]) : smtp_span(raw, sizeof raw - 1);
        GString *name = mime_parameter_name(field, "filename");
        assert_int_equal(name->len, 10);
        assert_memory_equal(name->str, "a.pdf\0.exe", 10);
        g_string_free(name, TRUE);
    }
    for (unsigned octet = 1; octet < 0x20; octet++) {
        char *field = g_strdup_printf("attachment; filename*=utf-8''a%%%02X.exe", octet);
        GString *name = mime_parameter_name(smtp_span_of_text(field), "filename");
        assert_int_equal(name->len, 6);
        assert_int_equal(name->str[1], octet);
        g_string_free(name, TRUE);
        g_free(field);
    }
}

static void test_plain(void **state)
{
    static const struct {
        const char *field, *value;
    } cases[] = {
        { "multipart/mixed", NULL },
        { "multipart/mixed; boundary=b", "b" },
        { "multipart/mixed; boundary=\"b b\" x", "b b" },
        { "multipart/mixed; boundary=----=_a;x=y", "----=_a" },
        { "multipart/mixed; boundary=\"=?utf-8?Q?b?=\"", "=?utf-8?Q?b?=" },
        { "multipart/mixed; boundary=a; boundary=b", "a" },
    };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        GString *value = mime_parameter_plain(smtp_span_of_text(cases[i].field), "boundary");
        assert_true((value == NULL) == (cases[i].value == NULL));
        if (value == NULL)
            continue;
        assert_string_equal(value->str, cases[i].value);
        g_string_free(value, TRUE);
    }
}

/* Fields made to keep a reader busy: done in no time, or the test runs into its limit. */
static void test_hostile(void **state)
{
    static const char *const pieces[] = { "\"",     "\\\"",          " (",    "(",  ";filename*0=x", "\"\\\"",
                                          "=?a?Q?", "; filename=\"", " (a) ", "';'" };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(pieces); i++) {
        GString *field = g_string_new("attachment; filename=\"x");
        while (field->len < 1000000)
            g_string_append(field, pieces[i]);
        GString *name = mime_parameter_name(smtp_span(field->str, field->len), "filename");
        assert_non_null(name);
        g_string_free(name, TRUE);
        g_string_free(field, TRUE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_control_octets),
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_hostile),
    };
    g_mime_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
