#include "mailgw/reference_collector.h"

#include <algorithm>

#include "mailgw/mail_text.h"
#include "src/core/utf8.h"

namespace satchel::mailgw {

namespace {

constexpr std::size_t line_octets_max = 8 * 1024;
constexpr std::size_t reference_octets_max = 100;  // "satchel:1:", 64, ":" and 20 digits are 95
constexpr std::string_view reference_start = "satchel:1:";
constexpr std::string_view name_label = "Attachment: ";

/// "wedding.mov" of "Attachment: wedding.mov (2.1 GB, video/quicktime)", quoted or not.
std::string name_in(std::string_view line) {
    std::size_t const label = line.find(name_label);
    if (label == std::string_view::npos) return "";
    line.remove_prefix(label + name_label.size());
    std::size_t const end = line.rfind(" (");
    if (end == std::string_view::npos) return "";
    std::string const name = to_utf8(line.substr(0, end));
    return std::string(utf8_prefix(trimmed(name), name_in_text_octets_max));
}

}  // namespace

FoundPlaceholder* ReferenceCollector::find(ContentId const& id) {
    if (!ids_.contains(id)) return nullptr;
    auto const found =
        std::find_if(found_.begin(), found_.end(), [&](FoundPlaceholder const& placeholder) {
            return placeholder.reference.content_id == id;
        });
    return found == found_.end() ? nullptr : &*found;
}

void ReferenceCollector::add(FoundPlaceholder placeholder) {
    FoundPlaceholder* const known = find(placeholder.reference.content_id);
    if (known != nullptr) {
        // The text came first, in a reply above: the field says more.
        if (!known->part_id.empty()) return;
        placeholder.name = known->name;
        *known = std::move(placeholder);
    } else if (found_.size() < placeholders_max) {
        ids_.insert(placeholder.reference.content_id);
        found_.push_back(std::move(placeholder));
    }
}

void ReferenceCollector::feed(std::string_view text) {
    while (!text.empty()) {
        std::size_t const newline = text.find('\n');
        std::size_t const room = line_octets_max - std::min(line_.size(), line_octets_max);
        std::size_t const size = std::min({newline, text.size(), room});
        line_.append(text.substr(0, size));
        text.remove_prefix(size);
        if (text.starts_with('\n')) {
            text.remove_prefix(1);
            take_line();
            line_.clear();
        } else if (line_.size() >= line_octets_max) {
            // Without its end: a reference that is cut there comes whole in the next turn.
            std::size_t const kept = line_.size() - reference_octets_max;
            std::size_t const cut = std::min(line_.find(reference_start, kept), line_.size());
            std::string rest = line_.substr(std::min(cut, line_.size() - reference_start.size()));
            line_.resize(line_.size() - rest.size());
            take_line();
            line_ = std::move(rest);
        }
    }
}

void ReferenceCollector::finish() {
    take_line();
    line_.clear();
    name_.clear();
}

void ReferenceCollector::take_line() {
    if (std::string name = name_in(line_); !name.empty()) name_ = std::move(name);
    take_references(line_);
}

void ReferenceCollector::take_references(std::string_view line) {
    for (std::size_t at = line.find(reference_start); at != std::string_view::npos;
         at = line.find(reference_start, at + 1)) {
        // One octet more in front: find_in looks whether a word starts here.
        auto const reference = Reference::find_in(
            line.substr(at - std::min<std::size_t>(at, 1), reference_octets_max + 1));
        if (!reference) continue;
        FoundPlaceholder* const known = find(reference->content_id);
        if (known == nullptr) {
            add({*reference, "", std::nullopt, std::nullopt, name_});
        } else if (known->name.empty()) {
            known->name = name_;
        }
    }
}

}  // namespace satchel::mailgw
