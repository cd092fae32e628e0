// Picks names and references out of decoded text that comes in pieces.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "mailgw/placeholder_reader.h"

namespace satchel::mailgw {

class ReferenceCollector {
public:
    /// A placeholder's field: the text that follows may tell its name.
    void add(FoundPlaceholder placeholder);

    void feed(std::string_view text);

    /// The part's text ends here.
    void finish();

    std::vector<FoundPlaceholder> take() { return std::move(found_); }

private:
    void take_line();
    void take_references(std::string_view line);
    FoundPlaceholder* find(ContentId const& id);

    std::vector<FoundPlaceholder> found_;
    std::set<ContentId> ids_;
    std::string line_;
    std::string name_;  ///< that the last "Attachment: " line of this text gave
};

}  // namespace satchel::mailgw
