/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESMTP_FIELDS_H
#define ESMTP_FIELDS_H

/* The plugin's names in Wireshark: protocol, fields to filter by, subtrees, expert information. */

#include "wireshark_compat.h"

#include "finding.h"

/* Every field: name of its variable, filter name, title, type, how it is shown, strings, description. */
#define ESMTP_FIELDS(FIELD)                                                                                                 \
    FIELD(session, "session", "Session", FT_UINT32, BASE_DEC, NULL, "Number of the SMTP session in the capture")             \
    FIELD(encrypted, "encrypted", "Encrypted", FT_BOOLEAN, BASE_NONE, NULL, "The octets came out of TLS")                    \
    FIELD(command, "command", "Command", FT_STRING, BASE_NONE, NULL, "The command line as sent, a secret in it hidden")      \
    FIELD(command_verb, "command.verb", "Verb", FT_STRING, BASE_NONE, NULL, "The command's first word, in upper case")       \
    FIELD(command_argument, "command.argument", "Argument", FT_STRING, BASE_NONE, NULL, "What follows the verb")             \
    FIELD(command_meaning, "command.meaning", "Meaning", FT_STRING, BASE_NONE, NULL, "What the verb asks for")               \
    FIELD(command_phase, "command.phase", "Phase", FT_STRING, BASE_NONE, NULL,                                               \
          "Where the client's dialogue stands: connect, session, transaction, recipients, chunks")                           \
    FIELD(command_number, "command.number", "Command number", FT_UINT32, BASE_DEC, NULL,                                     \
          "Number of the command in its session; for a reply, of the command it belongs to")                                 \
    FIELD(line_end, "line_end", "Line end", FT_STRING, BASE_NONE, NULL, "How the line ends: crlf, lf, cr, crcrlf, none")             \
    FIELD(reverse_path, "reverse_path", "Reverse path", FT_STRING, BASE_NONE, NULL, "Where reports about the mail go")       \
    FIELD(reverse_path_address, "reverse_path.address", "Address", FT_STRING, BASE_NONE, NULL,                               \
          "Address of the reverse path; empty for the null path")                                                            \
    FIELD(reverse_path_local_part, "reverse_path.local_part", "Local part", FT_STRING, BASE_NONE, NULL,                      \
          "What is in front of the @")                                                                                       \
    FIELD(reverse_path_domain, "reverse_path.domain", "Domain", FT_STRING, BASE_NONE, NULL, "What is behind the @")          \
    FIELD(forward_path, "forward_path", "Forward path", FT_STRING, BASE_NONE, NULL, "A recipient")                           \
    FIELD(forward_path_address, "forward_path.address", "Address", FT_STRING, BASE_NONE, NULL, "Address of the recipient")   \
    FIELD(forward_path_local_part, "forward_path.local_part", "Local part", FT_STRING, BASE_NONE, NULL,                      \
          "What is in front of the @")                                                                                       \
    FIELD(forward_path_domain, "forward_path.domain", "Domain", FT_STRING, BASE_NONE, NULL, "What is behind the @")          \
    FIELD(parameter, "parameter", "Parameter", FT_STRING, BASE_NONE, NULL, "A parameter of an extension, behind the path")   \
    FIELD(parameter_name, "parameter.name", "Name", FT_STRING, BASE_NONE, NULL, "Name of the parameter")                     \
    FIELD(parameter_value, "parameter.value", "Value", FT_STRING, BASE_NONE, NULL, "Value of the parameter")                 \
    FIELD(reply, "reply", "Reply", FT_STRING, BASE_NONE, NULL, "The whole reply, its lines separated by \\n")                \
    FIELD(reply_code, "reply.code", "Code", FT_UINT16, BASE_DEC, NULL, "The reply code; of the last line if they differ")    \
    FIELD(reply_class, "reply.class", "Class", FT_UINT8, BASE_DEC, NULL, "First digit of the reply code")                    \
    FIELD(reply_meaning, "reply.meaning", "Meaning", FT_STRING, BASE_NONE, NULL, "What the reply code means")                \
    FIELD(reply_number, "reply.number", "Reply number", FT_UINT32, BASE_DEC, NULL, "Number of the reply in its session")     \
    FIELD(reply_answers, "reply.answers", "Answers", FT_STRING, BASE_NONE, NULL, "What the reply answers")                   \
    FIELD(reply_line, "reply.line", "Line", FT_STRING, BASE_NONE, NULL, "A line of the reply, with its code")                \
    FIELD(reply_text, "reply.text", "Text", FT_STRING, BASE_NONE, NULL, "A line of the reply, without its code")             \
    FIELD(reply_recipient, "reply.recipient", "Recipient", FT_UINT32, BASE_DEC, NULL,                                        \
          "LMTP, PRDR: the accepted recipient that the reply is for, from 1")                                                \
    FIELD(reply_partial, "reply.partial", "Last line not seen", FT_BOOLEAN, BASE_NONE, NULL,                                 \
          "The last line of the reply was not seen")                                                                         \
    FIELD(enhanced_status, "enhanced_status", "Enhanced status", FT_STRING, BASE_NONE, NULL, "Enhanced status code")         \
    FIELD(enhanced_status_meaning, "enhanced_status.meaning", "Meaning", FT_STRING, BASE_NONE, NULL,                         \
          "What the enhanced status code means")                                                                             \
    FIELD(keyword, "keyword", "Extension", FT_STRING, BASE_NONE, NULL, "A keyword of the server's EHLO reply")               \
    FIELD(keyword_parameters, "keyword.parameters", "Parameters", FT_STRING, BASE_NONE, NULL, "What follows the keyword")    \
    FIELD(request_in, "request_in", "Request in", FT_FRAMENUM, BASE_NONE, FRAMENUM_TYPE(FT_FRAMENUM_REQUEST),                \
          "Frame of what this reply answers")                                                                                \
    FIELD(response_in, "response_in", "Reply in", FT_FRAMENUM, BASE_NONE, FRAMENUM_TYPE(FT_FRAMENUM_RESPONSE),               \
          "Frame of the reply")                                                                                              \
    FIELD(response_time, "response_time", "Time to the reply", FT_RELATIVE_TIME, BASE_NONE, NULL,                            \
          "From the request's last frame to the reply's last frame")                                                         \
    FIELD(transaction, "transaction", "Mail transaction", FT_UINT32, BASE_DEC, NULL, "Number of the mail in its session")    \
    FIELD(transaction_outcome, "transaction.outcome", "Outcome", FT_STRING, BASE_NONE, NULL,                                 \
          "What became of the mail: accepted, rejected, aborted, unfinished")                                                \
    FIELD(transaction_code, "transaction.code", "Deciding code", FT_UINT16, BASE_DEC, NULL,                                  \
          "Code of the reply that decided on the mail")                                                                      \
    FIELD(auth_mechanism, "auth.mechanism", "Mechanism", FT_STRING, BASE_NONE, NULL, "SASL mechanism of an AUTH exchange")   \
    FIELD(auth_identity, "auth.identity", "Identity", FT_STRING, BASE_NONE, NULL, "Who logs in")                             \
    FIELD(auth_challenge, "auth.challenge", "Challenge", FT_STRING, BASE_NONE, NULL, "The server's challenge, decoded")      \
    FIELD(auth_response, "auth.response", "AUTH response", FT_STRING, BASE_NONE, NULL,                                       \
          "A client's line in an AUTH exchange, a secret hidden")                                                            \
    FIELD(auth_result, "auth.result", "Result", FT_STRING, BASE_NONE, NULL, "accepted, rejected, cancelled")                 \
    FIELD(auth_secret, "auth.secret", "Secret", FT_STRING, BASE_NONE, NULL,                                                  \
          "Password or token; only with the preference to show secrets")                                                     \
    FIELD(boundary, "boundary", "Boundary", FT_STRING, BASE_NONE, NULL, "What begins or ends here: starttls, auth, implicit-tls") \
    FIELD(boundary_event, "boundary.event", "Event", FT_STRING, BASE_NONE, NULL,                                             \
          "offered, requested, accepted, refused, handshake, established, failed, started, challenge, rejected, cancelled")  \
    FIELD(tls_name, "tls.server_name", "Server name", FT_STRING, BASE_NONE, NULL, "Name in the TLS ClientHello")             \
    FIELD(tls_version, "tls.version", "Version", FT_STRING, BASE_NONE, NULL, "Highest version offered, or the one chosen")   \
    FIELD(tls_alpn, "tls.alpn", "ALPN", FT_STRING, BASE_NONE, NULL, "First protocol of ALPN")                                \
    FIELD(content, "content", "Message content", FT_BYTES, BASE_NONE, NULL, "Octets of message content in this frame")       \
    FIELD(content_octets, "content.octets", "Octets", FT_UINT64, BASE_DEC, NULL,                                             \
          "Octets of it that the receiver stores: dots that were put in front of lines are not counted")                     \
    FIELD(message, "message", "Message", FT_UINT32, BASE_DEC, NULL, "Number of the message in its session")                  \
    FIELD(message_octets, "message.octets", "Octets", FT_UINT64, BASE_DEC, NULL, "Octets of the message as it is stored")    \
    FIELD(message_complete, "message.complete", "Complete", FT_BOOLEAN, BASE_NONE, NULL,                                     \
          "All of the message is in the capture")                                                                            \
    FIELD(message_missing, "message.missing", "Missing octets", FT_UINT64, BASE_DEC, NULL, "Octets that Wireshark's TCP did not hand over") \
    FIELD(message_sha256, "message.sha256", "SHA-256", FT_STRING, BASE_NONE, NULL, "Digest of the message as it is stored")  \
    FIELD(message_end, "message.end", "End of content", FT_STRING, BASE_NONE, NULL, "How the content, or a chunk of it, ends") \
    FIELD(message_first, "message.first_frame", "Begins in", FT_FRAMENUM, BASE_NONE, NULL, "Frame of the message's first octet") \
    FIELD(message_last, "message.last_frame", "Ends in", FT_FRAMENUM, BASE_NONE, NULL, "Frame of the message's end")         \
    FIELD(part, "part", "Part of a line or reply", FT_NONE, BASE_NONE, NULL, "Octets of what is completed in another frame") \
    FIELD(completed_in, "completed_in", "Completed in", FT_FRAMENUM, BASE_NONE, NULL, "Frame that completes it, and shows it") \
    FIELD(gap, "gap", "Not handed over by TCP", FT_NONE, BASE_NONE, NULL, "Octets of this stream that Wireshark's TCP did not hand over")              \
    FIELD(gap_octets, "gap.octets", "Missing octets", FT_UINT64, BASE_DEC, NULL, "How many")                                 \
    FIELD(skipped, "skipped", "Cannot be placed", FT_BYTES, BASE_NONE, NULL, "Octets that cannot be placed in the dialogue") \
    FIELD(skipped_text, "skipped.text", "Text", FT_STRING, BASE_NONE, NULL, "They as text")                                      \
    FIELD(tls_octets, "tls", "TLS records", FT_BYTES, BASE_NONE, NULL, "Octets of TLS")                                      \
    FIELD(proxy, "proxy", "PROXY header", FT_STRING, BASE_NONE, NULL, "Header of the PROXY protocol, from a load balancer")  \
    FIELD(proxy_source, "proxy.source", "Client", FT_STRING, BASE_NONE, NULL, "The load balancer's client, and its port")           \
    FIELD(proxy_target, "proxy.target", "Target", FT_STRING, BASE_NONE, NULL, "Whom it connected to, and the port")                 \
    FIELD(turned, "turned", "Client and server change roles", FT_NONE, BASE_NONE, NULL, "From here on the roles are turned") \
    FIELD(finding, "finding", "Finding", FT_STRING, BASE_NONE, NULL, "Stable name of what somebody should look at")          \
    FIELD(finding_severity, "finding.severity", "Severity", FT_STRING, BASE_NONE, NULL, "high, medium, low, info")           \
    FIELD(finding_related, "finding.related", "Proven in", FT_FRAMENUM, BASE_NONE, NULL, "Another frame that proves the finding") \
    FIELD(proof, "proof", "Proves", FT_STRING, BASE_NONE, NULL, "Name of a finding of another frame that this one proves, too") \
    FIELD(proof_of, "proof.of", "Finding in", FT_FRAMENUM, BASE_NONE, NULL, "Frame of the finding")                          \
    FIELD(repeated, "repeated", "Octets shown in another frame", FT_NONE, BASE_NONE, NULL, "Sent again, or quoted")

#define ESMTP_DECLARE_FIELD(name, ...) extern int hf_esmtp_##name;
ESMTP_FIELDS(ESMTP_DECLARE_FIELD)
#undef ESMTP_DECLARE_FIELD

extern int proto_esmtp;
extern int ett_esmtp, ett_esmtp_unit, ett_esmtp_part;
extern expert_field ei_esmtp_incomplete;

/* Set when the plugin is wired up. */
extern int proto_tcp, proto_tls;
extern dissector_handle_t esmtp_handle, tls_handle, imf_handle, smtp_handle;

/* The expert information for a finding of the core. */
expert_field *fields_finding(enum smtp_finding finding);

/* Registers the protocol with all of them. */
void fields_register(void);

#endif
