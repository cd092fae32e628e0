#include "src/core/recipient_groups.h"

#include <algorithm>
#include <set>
#include <utility>

namespace satchel {

namespace {

constexpr std::size_t expanded_addresses = 1'000;
constexpr std::size_t group_name_octets = 64;

/// Walks the groups depth first, with a stack of its own: their nesting is data.
class Expansion {
public:
    explicit Expansion(Groups const& groups)
        : groups_(groups) {}

    Status add(std::string const& recipient) {
        if (auto entered = enter(recipient); !entered) return entered;
        while (!open_.empty()) {
            auto& [group, next] = open_.back();
            if (next == group->second.size()) {
                finished_.insert(group->first);
                open_.pop_back();
            } else if (auto entered = enter(group->second[next++]); !entered) {
                return entered;
            }
        }
        return {};
    }

    std::vector<Address> take() { return std::move(addresses_); }

private:
    struct OpenGroup {
        Groups::const_pointer group;
        std::size_t next;  ///< index of the member to enter next
    };

    Status enter(std::string const& name) {
        if (is_address(name)) return enter_address(name);
        auto const found = groups_.find(name);
        if (found == groups_.end()) {
            return fail(Fault::usage,
                        '"' + name.substr(0, group_name_octets) +
                            "\" is neither an e-mail address nor a group; see: satchel group ls");
        }
        if (finished_.contains(name)) return {};
        if (!begun_.insert(name).second)
            return fail(Fault::usage, "group " + name + " contains itself");
        open_.push_back({&*found, 0});
        return {};
    }

    Status enter_address(std::string const& text) {
        auto address = Address::parse(text);
        if (!address) return fail(address.error().fault, text + ": " + address.error().what);
        if (!seen_.insert(address->text()).second) return {};
        if (addresses_.size() == expanded_addresses) {
            return fail(Fault::usage,
                        "more than " + std::to_string(expanded_addresses) + " addresses");
        }
        addresses_.push_back(std::move(*address));
        return {};
    }

    Groups const& groups_;
    std::vector<OpenGroup> open_;
    std::set<std::string> begun_;
    std::set<std::string> finished_;
    std::set<std::string> seen_;
    std::vector<Address> addresses_;
};

}  // namespace

bool is_address(std::string_view recipient) {
    return recipient.find('@') != std::string_view::npos;
}

Status check_group_name(std::string const& name) {
    bool const clean = std::all_of(name.begin(), name.end(), [](char c) {
        return static_cast<unsigned char>(c) > ' ' && c != 0x7f && c != '@' && c != ',';
    });
    if (name.empty() || name.size() > group_name_octets || !clean) {
        return fail(Fault::usage,
                    "a group name has 1 to 64 octets, without blanks, commas and @: \"" +
                        name.substr(0, group_name_octets) + '"');
    }
    return {};
}

Result<std::vector<Address>> expand_groups(std::vector<std::string> const& recipients,
                                           Groups const& groups) {
    Expansion expansion(groups);
    for (std::string const& recipient : recipients)
        if (auto added = expansion.add(recipient); !added) return fail(added.error());
    return expansion.take();
}

}  // namespace satchel
