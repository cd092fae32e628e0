// Replays a script of tests/dialogues/ against an SmtpSession that stores into memory.
//
//   # comment
//   OPTION smtputf8 | dsn | lmtp | hop_unknown | message_max=N | disk_full | no_draft | disk_free
//   C: a line, sent with CR LF
//   R: raw octets with \r \n \t \\ \xHH
//   C*N: a line N times, %d counts
//   S: the next reply line; * stands for anything        S*N: N of them
//   S- no further reply so far
//   E: idle | shutdown                                    the shell interrupts
//   M: from=<…> to=<…>,<…> …                              envelope of the last stored message
//   D: its content, escaped as for R
//   N: how many messages are stored so far
//   X: the session wants to close
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "mailgw/smtp_session.h"

namespace satchel::mailgw {

struct DialogueFault {
    std::size_t line = 0;
    std::string what;
};

/// Feeds at most `piece` octets at once. Gives the first line of the script that did not hold.
std::optional<DialogueFault> replay_dialogue(std::string const& script, std::size_t piece);

}  // namespace satchel::mailgw
