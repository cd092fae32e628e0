// The addresses whose storage record this node keeps alive, with their bindings: survives restarts.
// A text file in the home, one line each: address, the binding line or `-`, and, where the record
// names other nodes than this home's own, `nodes:KEY:PRIORITY:SECRET,…`.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "src/base/result.h"
#include "src/core/address.h"
#include "src/core/binding.h"
#include "src/core/storage_record.h"

namespace satchel::node {

struct Publication {
    Address address;
    std::optional<BindingGrant> grant;
    std::vector<StorageNode> nodes{};  ///< none: this home's own node
};

class PublicationList {
public:
    /// A missing file is an empty list; a damaged line is Fault::config.
    static Result<PublicationList> load(std::filesystem::path file);

    std::vector<Publication> const& all() const { return publications_; }

    Publication const* find(Address const& address) const;

    /// Adds, or replaces that of the same address. On disk before it returns.
    Status put(Publication publication);
    Status remove(Address const& address);

private:
    explicit PublicationList(std::filesystem::path file);
    Status save() const;

    std::filesystem::path file_;
    std::vector<Publication> publications_;
};

}  // namespace satchel::node
