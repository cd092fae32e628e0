#include "src/node/publication_list.h"

#include <algorithm>
#include <charconv>

#include "src/base/atomic_file.h"
#include "src/base/base64.h"

namespace satchel::node {

namespace {

constexpr std::size_t file_bytes_max = 1024 * 1024;

constexpr std::string_view nodes_word = "nodes:";

Result<StorageNode> parse_node(std::string_view text) {
    auto const first = text.find(':');
    auto const second = text.find(':', first + 1);
    if (first == std::string_view::npos || second == std::string_view::npos)
        return fail(Fault::config, "a node without priority or secret");
    auto const key = NodeKey::parse(text.substr(0, first));
    if (!key) return fail(key.error());
    StorageNode node{.node_key = *key, .priority = 0, .presence_secret = {}};
    auto const number = text.substr(first + 1, second - first - 1);
    auto const [end, error] =
        std::from_chars(number.data(), number.data() + number.size(), node.priority);
    auto const secret = from_base64(text.substr(second + 1));
    bool const good = error == std::errc() && end == number.data() + number.size() && secret &&
                      secret->size() == node.presence_secret.size();
    if (!good) return fail(Fault::config, "a node with a damaged priority or secret");
    std::copy(secret->begin(), secret->end(), node.presence_secret.begin());
    return node;
}

Result<std::vector<StorageNode>> parse_nodes(std::string_view text) {
    std::vector<StorageNode> nodes;
    while (!text.empty()) {
        auto const end = std::min(text.find(','), text.size());
        auto const node = parse_node(text.substr(0, end));
        if (!node) return fail(node.error());
        nodes.push_back(*node);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return nodes;
}

std::string nodes_text(std::vector<StorageNode> const& nodes) {
    std::string text;
    for (StorageNode const& node : nodes) {
        text.append(text.empty() ? nodes_word : ",");
        text += node.node_key.to_base64() + ':' + std::to_string(node.priority) + ':' +
                to_base64(node.presence_secret);
    }
    return text;
}

Result<Publication> parse_line(std::string_view line) {
    std::vector<StorageNode> named;
    if (auto const last = line.rfind(' ');
        last != std::string_view::npos && line.substr(last + 1).starts_with(nodes_word)) {
        auto nodes = parse_nodes(line.substr(last + 1 + nodes_word.size()));
        if (!nodes) return fail(nodes.error());
        named = std::move(*nodes);
        line = line.substr(0, last);
    }
    auto const blank = line.rfind(' ');  // a quoted local part may hold blanks
    if (blank == std::string_view::npos) return fail(Fault::config, "no blank");
    auto address = Address::parse(line.substr(0, blank));
    if (!address) return fail(address.error());
    Publication publication{
        .address = std::move(*address), .grant = std::nullopt, .nodes = std::move(named)};
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
                (publication.grant ? publication.grant->to_line() : std::string("-"));
        if (!publication.nodes.empty()) text += ' ' + nodes_text(publication.nodes);
        text += '\n';
    }
    return write_atomically(file_, bytes_of(text));
}

}  // namespace satchel::node
