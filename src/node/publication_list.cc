#include "src/node/publication_list.h"

#include <algorithm>

#include "src/base/atomic_file.h"

namespace satchel::node {

namespace {

constexpr std::size_t file_bytes_max = 1024 * 1024;

Result<Publication> parse_line(std::string_view line) {
    auto const blank = line.rfind(' ');  // a quoted local part may hold blanks
    if (blank == std::string_view::npos) return fail(Fault::config, "no blank");
    auto address = Address::parse(line.substr(0, blank));
    if (!address) return fail(address.error());
    Publication publication{.address = std::move(*address), .grant = std::nullopt};
    std::string_view const rest = line.substr(blank + 1);
    if (rest == "-") return publication;
    auto grant = BindingGrant::parse(rest);
    if (!grant) return fail(grant.error());
    publication.grant = std::move(*grant);
    return publication;
}

}  // namespace

PublicationList::PublicationList(std::filesystem::path file)
    : file_(std::move(file)) {}

Result<PublicationList> PublicationList::load(std::filesystem::path file) {
    PublicationList list(std::move(file));
    auto const bytes = read_whole_file(list.file_, file_bytes_max);
    if (!bytes && bytes.error().fault == Fault::not_found) return list;
    if (!bytes) return fail(bytes.error());
    std::string_view rest = text_of(*bytes);
    for (int number = 1; !rest.empty(); ++number) {
        auto const end = std::min(rest.find('\n'), rest.size());
        auto publication = parse_line(rest.substr(0, end));
        if (!publication) {
            return fail(Fault::config, list.file_.string() + ':' + std::to_string(number) + ": " +
                                           publication.error().what);
        }
        list.publications_.push_back(std::move(*publication));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return list;
}

Publication const* PublicationList::find(Address const& address) const {
    auto const it = std::find_if(publications_.begin(), publications_.end(),
                                 [&](Publication const& p) { return p.address == address; });
    return it == publications_.end() ? nullptr : &*it;
}

Status PublicationList::put(Publication publication) {
    auto const it =
        std::find_if(publications_.begin(), publications_.end(),
                     [&](Publication const& p) { return p.address == publication.address; });
    if (it == publications_.end()) {
        publications_.push_back(std::move(publication));
    } else {
        *it = std::move(publication);
    }
    return save();
}

Status PublicationList::remove(Address const& address) {
    std::erase_if(publications_, [&](Publication const& p) { return p.address == address; });
    return save();
}

Status PublicationList::save() const {
    std::string text;
    for (Publication const& publication : publications_) {
        text += publication.address.text() + ' ' +
                (publication.grant ? publication.grant->to_line() : std::string("-")) + '\n';
    }
    return write_atomically(file_, bytes_of(text));
}

}  // namespace satchel::node
