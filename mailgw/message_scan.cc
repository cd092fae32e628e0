#include "mailgw/message_scan.h"

#include <algorithm>
#include <optional>

#include "mailgw/boundary_scan.h"
#include "mailgw/detach_policy.h"
#include "mailgw/early_digest.h"
#include "mailgw/mime_outline.h"
#include "mailgw/part_digest.h"
#include "mailgw/part_range.h"
#include "mailgw/placeholder_reader.h"
#include "mailgw/restore_data.h"
#include "src/base/unique_fd.h"

namespace satchel::mailgw {

namespace {

/// A part that the policy lets go as far as one can tell before its content is read.
struct Choice {
    OutlinePart const* part;
    PartFacts facts;
    Candidate candidate;
    std::string header_block;
};

class MessageScanner {
public:
    MessageScanner(int fd, DetachPolicy const& policy, EarlyDigest const* early)
        : fd_(fd)
        , policy_(policy)
        , early_(early) {}

    Result<ScannedMessage> run();

private:
    PartFacts facts_of(OutlinePart const& part) const;
    Result<unsigned> highest_layer() const;
    void leave_whole(std::string const& reason);
    void keep(OutlinePart const& part, std::string reason);
    Status choose(OutlinePart const& part);
    Result<std::optional<std::string>> read_header_block(PartRange const& range) const;
    Status check_choices();
    void offer(Choice& choice, CandidateDigest digest, MessageDigest const& message);

    int fd_;
    DetachPolicy const& policy_;
    EarlyDigest const* early_;  ///< null: nothing was read yet
    BoundaryScan boundaries_;
    MessageOutline outline_;
    std::vector<Choice> choices_;
    ScannedMessage scanned_;
};

void MessageScanner::keep(OutlinePart const& part, std::string reason) {
    scanned_.kept.push_back({part.type, std::move(reason)});
}

void MessageScanner::leave_whole(std::string const& reason) {
    scanned_.kept.push_back({outline_.type.empty() ? "message" : outline_.type, reason});
}

PartFacts MessageScanner::facts_of(OutlinePart const& part) const {
    PartFacts facts;
    facts.type = part.type;
    facts.name = part.name;
    facts.attachment = part.attachment;
    facts.first = &part == &outline_.parts.front();
    facts.placeholder = part.placeholder;
    facts.closed = is_closed(part, outline_, boundaries_);
    auto const& used = outline_.used_content_ids;
    facts.content_id_used = !part.content_id.empty() &&
                            (outline_.all_content_ids_used ||
                             std::find(used.begin(), used.end(), part.content_id) != used.end());
    for (auto at = part.parent; at; at = outline_.multiparts[*at].parent)
        facts.enclosing.push_back(outline_.multiparts[*at].type);
    std::reverse(facts.enclosing.begin(), facts.enclosing.end());
    // Four characters carry at most three octets; without base64 the text itself is the content.
    std::uint64_t const body = part.body_end - part.body_begin;
    facts.content_bytes = part.base64 ? body / 4 * 3 + 3 : body;
    return facts;
}

/// Of the placeholders that the message came with; 0 if there are none.
Result<unsigned> MessageScanner::highest_layer() const {
    if (!outline_.has_placeholder) return 0U;
    auto const found = find_placeholder_parts(fd_);
    if (!found) return fail(found.error());
    unsigned highest = 1;  // also of what could not be understood
    for (PlaceholderPart const& part : *found)
        highest = std::max(highest, part.found.layer);
    return highest;
}

/// Nothing but fields and the blank line: where other lines stand, readers differ on what the part
/// is (RFC 5322 §2.2 for the names).
bool is_header_block(std::string_view block) {
    bool first = true;
    while (!block.empty()) {
        std::size_t const end = std::min(block.find('\n'), block.size() - 1) + 1;
        std::string_view const line = block.substr(0, end);
        block.remove_prefix(end);
        if (line == "\n" || line == "\r\n") return block.empty();
        bool const folded = line.starts_with(' ') || line.starts_with('\t');
        std::size_t const name = std::min(line.find(':'), line.size());
        bool const is_field =
            name > 0 && name < line.size() &&
            std::all_of(line.begin(), line.begin() + static_cast<std::ptrdiff_t>(name),
                        [](char c) { return c > ' ' && c <= '~'; });
        if (folded ? first : !is_field) return false;
        first = false;
    }
    return false;
}

/// None if it is malformed, or longer than restore data may hold.
Result<std::optional<std::string>> MessageScanner::read_header_block(PartRange const& range) const {
    std::optional<std::string> const unfit;
    std::uint64_t const size = range.body_begin - range.begin;
    if (size > header_block_octets_max) return unfit;
    Bytes octets(static_cast<std::size_t>(size));
    auto const got = read_at(fd_, octets, range.begin);
    if (!got) return fail(got.error());
    std::string block(text_of(octets));
    return is_header_block(block) ? std::optional(std::move(block)) : unfit;
}

Status MessageScanner::choose(OutlinePart const& part) {
    PartFacts facts = facts_of(part);
    if (!is_attachment(facts)) return {};
    if (std::string reason = reason_to_keep(facts, policy_); !reason.empty()) {
        keep(part, std::move(reason));
        return {};
    }
    auto const range = certain_range(fd_, part, outline_, boundaries_);
    if (!range) return fail(range.error());
    if (!*range || (!choices_.empty() && (*range)->begin < choices_.back().candidate.range.end)) {
        keep(part, "where it begins and ends is not certain");
        return {};
    }
    auto block = read_header_block(**range);
    if (!block) return fail(block.error());
    if (!*block) {
        keep(part, "its header is too long or malformed");
        return {};
    }
    Candidate const candidate{**range, part.base64, facts.type.starts_with("text/")};
    choices_.push_back({&part, std::move(facts), candidate, std::move(**block)});
    return {};
}

void MessageScanner::offer(Choice& choice, CandidateDigest digest, MessageDigest const& message) {
    choice.facts.pgp_armor = digest.pgp_armor;
    choice.facts.content_bytes = digest.restore.content_bytes;
    if (std::string reason = reason_to_keep(choice.facts, policy_); !reason.empty())
        return keep(*choice.part, std::move(reason));
    PartRange const& range = choice.candidate.range;
    RestoreData restore = std::move(digest.restore);
    restore.header_block = std::move(choice.header_block);
    restore.transfer_encoding = choice.part->transfer_encoding;
    restore.message_bytes = message.bytes;
    restore.message_sha256 = message.sha256;
    bool const base64 = restore.mode == RestoreData::Mode::base64;
    using Decoding = AttachmentSource::Decoding;
    DetachablePart part{.begin = range.begin,
                        .body_begin = range.body_begin,
                        .end = range.end,
                        .decoding = base64 ? Decoding::base64 : Decoding::deflate_text,
                        .source_begin = digest.source_begin,
                        .source_end = digest.source_end,
                        .label = {},
                        .restore = {},
                        .proven = {}};
    part.label = {.name = choice.part->name,
                  .type = choice.part->type,
                  .bytes = restore.content_bytes,
                  .sha256 = restore.content_sha256,
                  .message_id = outline_.message_id,
                  .sender = outline_.from,
                  .subject = outline_.subject,
                  .encoding = {}};
    if (!base64) {
        part.label.encoding =
            restore.transfer_encoding.empty() ? "7bit" : restore.transfer_encoding;
    }
    part.restore = encode_restore_data(restore);
    if (part.restore.size() > restore_data_bytes_max)
        return keep(*choice.part, "its header is too long or malformed");
    part.proven = std::move(restore);
    scanned_.parts.push_back(std::move(part));
}

Status MessageScanner::check_choices() {
    if (choices_.empty()) return {};
    std::vector<Candidate> candidates;
    for (Choice const& choice : choices_)
        candidates.push_back(choice.candidate);
    std::optional<MessageDigest> message;
    if (early_ != nullptr) message = early_->digest_of(candidates);
    if (!message) {
        auto now = digest_message(fd_, candidates);
        if (!now) return fail(now.error());
        message = std::move(*now);
    }
    for (std::size_t i = 0; i < choices_.size(); ++i)
        offer(choices_[i], std::move(message->candidates[i]), *message);
    return {};
}

Result<ScannedMessage> MessageScanner::run() {
    auto boundaries =
        early_ != nullptr ? Result<BoundaryScan>(early_->boundaries) : scan_boundaries(fd_);
    if (!boundaries) return fail(boundaries.error());
    boundaries_ = std::move(*boundaries);
    if (!boundaries_.trouble.empty()) {
        leave_whole(boundaries_.trouble);
        return std::move(scanned_);
    }
    auto outline = read_outline(fd_, boundaries_.dull);
    if (!outline) return fail(outline.error());
    outline_ = std::move(*outline);
    scanned_.message_id = outline_.message_id;
    scanned_.subject = outline_.subject;
    scanned_.from = outline_.from;
    scanned_.header_recipients = outline_.header_recipients;
    bool const has_attachments =
        std::any_of(outline_.parts.begin(), outline_.parts.end(),
                    [&](OutlinePart const& part) { return is_attachment(facts_of(part)); });
    std::string reason = outline_.trouble;
    if (reason.empty() && has_attachments) {
        auto const highest = highest_layer();
        if (!highest) return fail(highest.error());
        scanned_.layer = *highest + 1;
        reason = reason_to_leave({outline_.field_names, outline_.has_placeholder, *highest},
                                 policy_.side);
    }
    if (!reason.empty()) {
        leave_whole(reason);
        return std::move(scanned_);
    }
    for (OutlinePart const& part : outline_.parts)
        if (auto status = choose(part); !status) return fail(status.error());
    if (auto status = check_choices(); !status) return fail(status.error());
    return std::move(scanned_);
}

}  // namespace

Result<ScannedMessage> scan_message(int fd, DetachPolicy const& policy, EarlyDigest const* early) {
    return MessageScanner(fd, policy, early).run();
}

}  // namespace satchel::mailgw
