/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The tables of commands and formats hold together. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "faces.h"

static void every_command_has_its_faces(void **state)
{
    (void)state;
    for (size_t i = 0; i < command_count; i++) {
        const struct command *command = &commands[i];
        assert_ptr_equal(command_find(command->name), command);
        assert_non_null(face_find(command->name, "text", 0));
        const char **formats = faces_formats(command->name);
        assert_int_equal(formats[1] == NULL, command->only != NULL); /* a reason where there is one format only */
        g_free(formats);
    }
    assert_null(command_find("nothing"));
    assert_null(face_find("sessions", "nothing", 0));
}

static void every_face_can_be_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < face_count; i++) {
        const struct face *face = &faces[i];
        assert_non_null(command_find(face->command));
        assert_ptr_equal(face_find(face->command, face->format, (unsigned)face->with | face->takes), face);
        assert_false(face->writer != NULL && face->topics != NULL);
        assert_false(face->writer != NULL && face->writer->session == NULL);
        assert_int_equal(face->takes & (unsigned)face->with, 0);
        /* What spans sessions needs those that are not asked for, and somebody who takes findings. */
        if (face_wishes(face, FACE_ALL_SESSIONS))
            assert_non_null(face->writer->finding);
    }
}

static void an_option_has_a_face_of_its_own(void **state)
{
    (void)state;
    const struct face *plain = face_find("messages", "json", OPTION_OUTPUT_DIR);
    const struct face *verifying = face_find("messages", "json", OPTION_VERIFY | OPTION_OUTPUT_DIR);
    assert_int_equal(plain->with, 0);
    assert_int_equal(verifying->with, OPTION_VERIFY);
    assert_ptr_equal(face_find("sessions", "json", OPTION_VERIFY), face_find("sessions", "json", 0));
}

static void lists_name_each_once(void **state)
{
    (void)state;
    const char **all = faces_formats(NULL);
    const char **taking = faces_with_option(OPTION_VERIFY);
    const char **having = faces_with_format("zeek");
    const char **none = faces_with_format("nothing");
    assert_string_equal(all[0], "text");
    assert_string_equal(all[1], "json");
    for (const char **one = all; *one != NULL; one++)
        for (const char **other = one + 1; *other != NULL; other++)
            assert_string_not_equal(*one, *other);
    assert_string_equal(taking[0], "messages");
    assert_null(taking[1]);
    assert_string_equal(having[0], "sessions");
    assert_null(having[1]);
    assert_null(none[0]);
    g_free(all);
    g_free(taking);
    g_free(having);
    g_free(none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_command_has_its_faces),
        cmocka_unit_test(every_face_can_be_found),
        cmocka_unit_test(an_option_has_a_face_of_its_own),
        cmocka_unit_test(lists_name_each_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
