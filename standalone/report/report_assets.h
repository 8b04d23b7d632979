/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_REPORT_ASSETS_H
#define SMTPSCOPE_REPORT_ASSETS_H

/* report.css and report.js, as the page has them: taken in when the program is built (embed.cmake). ASCII. */

extern const char report_style[];
extern const char report_script[];

#endif
