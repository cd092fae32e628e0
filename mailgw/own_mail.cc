#include "mailgw/own_mail.h"

#include <algorithm>
#include <charconv>

#include "mailgw/header_fields.h"
#include "mailgw/header_writer.h"
#include "mailgw/mail_text.h"
#include "mailgw/smtp_path.h"
#include "mailgw/trace_header.h"
#include "src/base/hex.h"
#include "src/base/unique_fd.h"
#include "src/core/utf8.h"

namespace satchel::mailgw {

namespace {

constexpr std::size_t piece_bytes = 256 * 1024;
constexpr std::size_t subject_octets_max = 512;
constexpr std::size_t line_octets_max = 400;

std::string boundary_of(OwnMailFacts const& facts) {
    return "=_satchel_" + to_hex(facts.id);
}

/// Text that is fit for a header as it stands, in words to be folded between.
std::vector<std::string> words_of(std::string_view text) {
    std::vector<std::string> words;
    while (!text.empty()) {
        auto const end = std::min(text.find(' '), text.size());
        if (end > 0) words.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return words;
}

/// Fields that all our messages share. The subject is encoded already, or ours.
std::string opening(OwnMailFacts const& facts, std::string const& from, std::string const& to,
                    std::string const& subject, std::string const& original_id) {
    std::string out = "From: " + from + "\r\nTo: " + to + "\r\nDate: " + date_text(facts.time) +
                      "\r\nMessage-ID: <" + to_hex(facts.id) + '@' + facts.helo + ">\r\n";
    if (!original_id.empty()) {
        out += header_field("In-Reply-To", {original_id});
        out += header_field("References", {original_id});
    }
    return out + header_field("Subject", words_of(subject)) + "MIME-Version: 1.0\r\n";
}

/// `<id>` as it stands in the original, or "" where it is not one plain id.
std::string message_id_of(std::vector<HeaderField> const& fields) {
    auto const id = first_value(fields, "Message-ID");
    bool const plain =
        id.size() <= 250 && id.starts_with('<') && id.ends_with('>') &&
        std::all_of(id.begin(), id.end(), [](char c) { return c > ' ' && c <= '~'; });
    return plain ? id : "";
}

/// ASCII as it stands, which may be encoded words; other text is left out.
std::string subject_of(std::vector<HeaderField> const& fields) {
    auto const subject = first_value(fields, "Subject");
    bool const usable = is_ascii(subject) && subject.size() <= subject_octets_max;
    return usable ? subject : "";
}

std::string encoding_field(bool eight_bit) {
    return std::string("Content-Transfer-Encoding: ") + (eight_bit ? "8bit" : "7bit") + "\r\n";
}

Status copy_range(int from, std::uint64_t end, int to) {
    Bytes buffer(piece_bytes);
    for (std::uint64_t at = 0; at < end;) {
        auto const size = std::min<std::uint64_t>(buffer.size(), end - at);
        auto const got = read_at(from, std::span(buffer).first(static_cast<std::size_t>(size)), at);
        if (!got) return fail(got.error());
        if (*got == 0) break;
        if (auto done = write_all(to, ByteSpan(buffer).first(*got)); !done) return done;
        at += *got;
    }
    return {};
}

Status write_text(int fd, std::string const& text) {
    return write_all(fd, bytes_of(text));
}

bool is_reply(std::string_view text) {
    return text.size() >= 3 && (text.size() == 3 || text[3] == ' ' || text[3] == '-') &&
           text.substr(0, 3).find_first_not_of("0123456789") == std::string::npos;
}

/// The words of the next hop, without ours before them.
std::string_view bare_reply(std::string_view reply) {
    if (reply.starts_with(given_up)) reply.remove_prefix(given_up.size());
    return reply;
}

/// `550 5.1.1 unknown` gives 5.1.1; without an enhanced code what `otherwise` says.
std::string status_of(std::string const& reply, std::string const& otherwise) {
    auto const begin = reply.find(' ');
    if (begin == std::string::npos) return otherwise;
    auto const end = std::min(reply.find(' ', begin + 1), reply.size());
    auto const word = reply.substr(begin + 1, end - begin - 1);
    bool const enhanced = word.size() >= 5 && (word[0] == '4' || word[0] == '5') &&
                          word[1] == '.' &&
                          word.find_first_not_of("0123456789.") == std::string::npos &&
                          std::count(word.begin(), word.end(), '.') == 2 && word.back() != '.';
    return enhanced ? word : otherwise;
}

/// One line without control characters.
std::string shown_line(std::string_view text) {
    std::string line(utf8_prefix(to_utf8(text), line_octets_max));
    for (char& c : line)
        if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) c = ' ';
    return line;
}

/// The same in ASCII: it stands in a header of ours.
std::string one_line(std::string_view text) {
    std::string line = shown_line(text);
    for (char& c : line)
        if (static_cast<unsigned char>(c) > 0x7f) c = ' ';
    return line;
}

/// The number of the character that is `octets` of UTF-8, in hex digits.
std::string code_point(std::string_view octets) {
    auto const octet = [&](std::size_t i) { return static_cast<unsigned char>(octets[i]); };
    unsigned number = octets.size() == 1 ? octet(0) : octet(0) & (0x7fU >> octets.size());
    for (std::size_t i = 1; i < octets.size(); ++i)
        number = number << 6 | (octet(i) & 0x3fU);
    std::array<char, 8> digits{};
    auto const [end, error] =
        std::to_chars(digits.data(), digits.data() + digits.size(), number, 16);
    return upper_case({digits.data(), static_cast<std::size_t>(end - digits.data())});
}

/// A typed address of RFC 3464, in ASCII: `rfc822; …`, or `utf-8; …` with `\x{FC}` for what is not
/// (RFC 6533 §3, utf-8-addr-xtext).
std::string typed_address(std::string_view type, std::string_view address) {
    if (is_ascii(address)) return std::string(type) + "; " + one_line(address);
    std::string const line = shown_line(address);
    std::string out = "utf-8; ";
    for (std::string_view rest = line; !rest.empty();) {
        auto const character =
            rest.substr(0, std::max<std::size_t>(utf8_character_octets(rest), 1));
        bool const plain = is_ascii(character) &&
                           std::string_view("\\+=").find(character) == std::string_view::npos;
        out += plain ? std::string(character) : "\\x{" + code_point(character) + '}';
        rest.remove_prefix(character.size());
    }
    return out;
}

/// What a DSN parameter stood for, which is what notices tell (RFC 3461 §4.4, §6.3); as it came
/// where that is not printable ASCII.
std::string decoded_parameter(std::string_view xtext) {
    auto const text = decode_xtext(xtext);
    bool const printable =
        std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
    return printable ? text : std::string(xtext);
}

std::string original_recipient(std::string_view orcpt) {
    auto const semicolon = orcpt.find(';');
    if (semicolon == std::string_view::npos) return one_line(orcpt);
    auto const type = orcpt.substr(0, semicolon);
    auto const address = orcpt.substr(semicolon + 1);
    if (!is_ascii(orcpt)) return typed_address(type, address);
    // utf-8-addr-xtext is written the same way here (RFC 6533 §3).
    bool const coded_alike = equal_ignoring_case(type, "utf-8");
    return one_line(type) + ';' + one_line(coded_alike ? address : decoded_parameter(address));
}

/// Of a message that was given up the time is over, whatever the last try was told.
std::string recipient_status(std::string const& reply) {
    bool const late = reply.starts_with(given_up);
    return status_of(std::string(bare_reply(reply)), late ? "4.4.7" : "5.0.0");
}

/// What the next hop said, or what we say of it: then it is no SMTP (RFC 3464 §2.3.6).
std::string diagnostic(std::string const& reply) {
    auto const words = bare_reply(reply);
    return (is_reply(words) ? "smtp; " : "x-satchel; ") + one_line(words);
}

bool returns_in_full(Envelope const& envelope) {
    return envelope.ret == "FULL";
}

bool returned_has_eight_bit(Envelope const& envelope) {
    return returns_in_full(envelope) ? envelope.eight_bit : envelope.eight_bit_header;
}

/// What the part that returns the original is.
std::string returned_type(Envelope const& envelope) {
    if (returns_in_full(envelope))
        return envelope.eight_bit_header ? "message/global" : "message/rfc822";
    return envelope.eight_bit_header ? "message/global-headers" : "text/rfc822-headers";
}

bool names_eight_bit(std::vector<FailedRecipient> const& failed) {
    return std::any_of(failed.begin(), failed.end(), [](FailedRecipient const& one) {
        return !is_ascii(one.recipient.address) || !is_ascii(one.reply);
    });
}

/// Whom it is about, for people.
std::string failed_part(std::vector<FailedRecipient> const& failed) {
    bool const eight_bit = names_eight_bit(failed);
    std::string out = std::string("Content-Type: text/plain; charset=") +
                      (eight_bit ? "utf-8" : "us-ascii") + "\r\n" + encoding_field(eight_bit) +
                      "\r\nYour message could not be delivered to:\r\n\r\n";
    for (FailedRecipient const& one : failed) {
        out += "    " + shown_line(one.recipient.address) + "\r\n";
        out += "        " + shown_line(one.reply) + "\r\n";
    }
    return out;
}

std::string status_part(OwnMailFacts const& facts, Envelope const& envelope, std::uint64_t received,
                        std::vector<FailedRecipient> const& failed) {
    std::string out = "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; " +
                      facts.helo + "\r\nArrival-Date: " + date_text(received) + "\r\n";
    if (!envelope.envid.empty())
        out += "Original-Envelope-Id: " + decoded_parameter(envelope.envid) + "\r\n";
    for (FailedRecipient const& one : failed) {
        out += "\r\n";
        if (!one.recipient.orcpt.empty())
            out += "Original-Recipient: " + original_recipient(one.recipient.orcpt) + "\r\n";
        out += "Final-Recipient: " + typed_address("rfc822", one.recipient.address) + "\r\n";
        out += "Action: failed\r\nStatus: " + recipient_status(one.reply) + "\r\n";
        out += header_field("Diagnostic-Code", words_of(diagnostic(one.reply)));
    }
    return out;
}

}  // namespace

Status write_repair_mail(OwnMailFacts const& facts, Envelope const& envelope,
                         std::string const& recipient, int original_fd, int out_fd) {
    auto const fields = read_header_fields(original_fd);
    if (!fields) return fail(fields.error());
    auto const size = file_size(original_fd);
    if (!size) return fail(size.error());
    auto const subject = subject_of(*fields);
    auto const boundary = boundary_of(facts);
    std::string head =
        opening(facts, '<' + envelope.sender + '>', '<' + recipient + '>',
                subject.empty() ? "Attachments in full" : subject + " (attachments in full)",
                message_id_of(*fields));
    head += "Auto-Submitted: auto-generated\r\n";
    head += "Content-Type: multipart/mixed; boundary=\"" + boundary + "\"\r\n";
    head += encoding_field(envelope.eight_bit) + "\r\n--" + boundary + "\r\n";
    head +=
        "Content-Type: text/plain; charset=us-ascii\r\n\r\n"
        "An earlier message came to you with its attachments kept for your own storage.\r\n"
        "The storage could not be reached in time, so here is that message in full.\r\n";
    head += "\r\n--" + boundary + "\r\nContent-Type: message/rfc822\r\n";
    head += encoding_field(envelope.eight_bit) + "\r\n";
    if (auto done = write_text(out_fd, head); !done) return done;
    if (auto done = copy_range(original_fd, *size, out_fd); !done) return done;
    return write_text(out_fd, "\r\n--" + boundary + "--\r\n");
}

Status write_failure_notice(OwnMailFacts const& facts, Envelope const& envelope,
                            std::uint64_t received, std::vector<FailedRecipient> const& failed,
                            int original_fd, int out_fd) {
    auto const fields = read_header_fields(original_fd);
    if (!fields) return fail(fields.error());
    auto const size = file_size(original_fd);
    if (!size) return fail(size.error());
    auto const boundary = boundary_of(facts);
    std::string head = opening(facts, "Mail Delivery System <MAILER-DAEMON@" + facts.helo + '>',
                               '<' + envelope.sender + '>', "Undelivered mail returned to sender",
                               message_id_of(*fields));
    head += "Auto-Submitted: auto-replied\r\n";
    head += "Content-Type: multipart/report; report-type=delivery-status;\r\n boundary=\"" +
            boundary + "\"\r\n" + encoding_field(notice_has_eight_bit(envelope, failed)) +
            "\r\n--" + boundary + "\r\n" + failed_part(failed);
    head += "\r\n--" + boundary + "\r\n" + status_part(facts, envelope, received, failed);
    head += "\r\n--" + boundary + "\r\nContent-Type: " + returned_type(envelope) + "\r\n";
    head += encoding_field(returned_has_eight_bit(envelope)) + "\r\n";
    if (auto done = write_text(out_fd, head); !done) return done;
    std::string shown;
    for (HeaderField const& field : *fields)
        shown.append(field.name).append(": ").append(field.value.substr(0, 900)).append("\r\n");
    Status returned = returns_in_full(envelope) ? copy_range(original_fd, *size, out_fd)
                                                : write_text(out_fd, shown);
    if (!returned) return returned;
    return write_text(out_fd, "\r\n--" + boundary + "--\r\n");
}

bool notice_has_eight_bit(Envelope const& envelope, std::vector<FailedRecipient> const& failed) {
    return !is_ascii(envelope.sender) || returned_has_eight_bit(envelope) ||
           names_eight_bit(failed);
}

bool wants_failure_notice(Envelope const& envelope, EnvelopeRecipient const& recipient) {
    if (envelope.sender.empty()) return false;
    auto const notify = upper_case(recipient.notify);
    return notify.empty() || notify.find("FAILURE") != std::string::npos;
}

}  // namespace satchel::mailgw
