/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_REPORT_ASSETS_H
#define SMTPSCOPE_REPORT_ASSETS_H

/* report.html, report.css and report.js: taken in when the program is built (embed.cmake). ASCII. */

extern const char report_template[]; /* see report_page.c */
extern const char report_style[];
extern const char report_script[];

#endif
