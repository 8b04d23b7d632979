/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lessons.h"

#include <glib.h>

#include "language.h"

const struct lesson lessons[] = {
    { .name = "delivery",
      .title = N_("An ordinary mail, from greeting to QUIT"),
      .capture = "plain-delivery.pcap",
      .session = 1,
      .about = N_("One server hands a mail to another, in clear. This is all that SMTP needs: a greeting, who sends, "
                  "who receives, the message, goodbye."),
      .connect = "telnet mail.example.com 25",
      .hint = N_(
          "A server accepts mail only for its own users unless one has logged in: name a recipient who lives there.") },
    { .name = "submission",
      .title = N_("Submission with STARTTLS and a login"),
      .capture = "smtplib-starttls-login.pcap",
      .session = 1,
      .about = N_("A mail program hands its user's mail to the server of its provider (RFC 6409, port 587): it asks "
                  "for TLS, greets again, logs in and sends."),
      .connect = "openssl s_client -quiet -crlf -starttls smtp -connect mail.example.com:587",
      .hint = N_("s_client speaks the dialogue up to TLS by itself; go on with EHLO and AUTH PLAIN. The answer to it "
                 "is made with: printf '\\0alice@example.com\\0PASSWORD' | base64. Without -quiet, s_client takes "
                 "lines that begin with R or Q for commands of its own, and RCPT would never arrive."),
      .unseen = N_("Behind the handshake there is a second EHLO, AUTH, MAIL, RCPT, DATA and QUIT, all of it encrypted. "
                   "A capture shows the size and time of the records, and nothing of what is in them; smtpscope does "
                   "not decrypt them yet. The lesson \"login\" shows in clear what an AUTH exchange looks like.") },
    { .name = "login",
      .title = N_("A login in clear: AUTH LOGIN, refused and accepted"),
      .capture = "auth-mechanisms.pcap",
      .session = 3,
      .about = N_("A client logs in without TLS, first with a wrong password, then with the right one. Whoever reads "
                  "the traffic could read both: smtpscope hides them, base64 does not."),
      .connect = "telnet mail.example.com 587",
      .hint = N_("Each answer is base64, made with: printf alice@example.com | base64. Never do this with a password "
                 "that matters.") },
    { .name = "rejection",
      .title = N_("Recipients and a message are refused"),
      .capture = "refused.pcap",
      .session = 1,
      .about = N_("Each recipient has a reply of its own, and the message has one more: a mail can fail at each of "
                  "these points."),
      .connect = "telnet mail.example.com 25",
      .hint = NULL },
    { .name = "pipelining",
      .title = N_("Two mails with pipelined commands"),
      .capture = "pipelining.pcapng",
      .session = 1,
      .about = N_("The client sends MAIL, RCPT and DATA in one go, since the server lists PIPELINING, and then reads "
                  "the replies in the same order: fewer round trips, the same dialogue. Look at the frame numbers."),
      .connect = "telnet mail.example.com 25",
      .hint = N_("Wait for the greeting, and for the reply to EHLO; then paste MAIL, RCPT and DATA in one go.") },
    { .name = "chunking",
      .title = N_("A message in BDAT chunks"),
      .capture = "chunking.pcap",
      .session = 1,
      .about = N_("BDAT announces how many octets follow, so the message needs no lone dot at its end and no doubled "
                  "dots. The second mail shows what happens without a recipient."),
      .connect = "telnet mail.example.com 25",
      .hint = N_("Count the octets: every line end is two, CR and LF.") },
};

const size_t lesson_count = sizeof lessons / sizeof lessons[0];

const struct lesson *lesson_find(const char *name)
{
    for (size_t i = 0; i < lesson_count; i++)
        if (g_ascii_strcasecmp(lessons[i].name, name) == 0)
            return &lessons[i];
    return NULL;
}
