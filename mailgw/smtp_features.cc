#include "mailgw/smtp_features.h"

#include <charconv>
#include <sstream>

#include "mailgw/mail_text.h"

namespace satchel::mailgw {

namespace {

void read_mechanisms(std::string const& text, SmtpFeatures& features) {
    std::istringstream words(text);
    for (std::string word; words >> word;) {
        if (word == "PLAIN") features.auth_plain = true;
        if (word == "LOGIN") features.auth_login = true;
    }
}

}  // namespace

SmtpFeatures read_ehlo_reply(std::string const& text) {
    SmtpFeatures features;
    std::istringstream lines(text);
    bool first = true;
    for (std::string line; std::getline(lines, line); first = false) {
        if (first || line.size() < 5) continue;
        std::istringstream words(line.substr(4));
        std::string keyword;
        std::string argument;
        words >> keyword >> argument;
        keyword = upper_case(keyword);
        if (keyword == "PIPELINING") features.pipelining = true;
        if (keyword == "8BITMIME") features.eight_bit_mime = true;
        if (keyword == "SMTPUTF8") features.smtputf8 = true;
        if (keyword == "DSN") features.dsn = true;
        if (keyword == "XFORWARD") features.xforward = true;
        if (keyword == "STARTTLS") features.starttls = true;
        // Old servers write "AUTH=" for clients that are older still.
        if (keyword == "AUTH" || keyword.starts_with("AUTH=")) {
            std::string more;
            std::getline(words, more);
            auto const first_word = keyword.size() > 5 ? keyword.substr(5) : "";
            read_mechanisms(first_word + ' ' + upper_case(argument + more), features);
        }
        if (keyword == "SIZE") {
            features.size = true;
            std::from_chars(argument.data(), argument.data() + argument.size(), features.size_max);
        }
    }
    return features;
}

}  // namespace satchel::mailgw
