// Which parts a message's HTML shows: the ids after "cid:" (RFC 2392).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <gmime/gmime.h>

namespace satchel::mailgw {

/// Collects from HTML text that comes in pieces of any size.
class ContentIdReferences {
public:
    static constexpr std::size_t ids_max = 4096;
    static constexpr std::size_t id_octets_max = 998;

    void feed(std::string_view html);

    /// The HTML ends here. Another may follow.
    void finish();

    std::vector<std::string> const& ids() const { return ids_; }

    /// There were more or longer ones than are kept.
    bool overflown() const { return overflown_; }

private:
    std::size_t matched_ = 0;  ///< characters of "cid:" seen; all of them: an id is being read
    std::string id_;
    std::vector<std::string> ids_;
    bool overflown_ = false;
};

/// Decodes the part's content and feeds all of it.
void collect_references(GMimePart* html, ContentIdReferences& references);

}  // namespace satchel::mailgw
