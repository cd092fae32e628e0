// The boundaries that a message's header blocks declare, and the lines that use them (RFC 2046
// §5.1.1).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace satchel::mailgw {

/// What the value of a Content-Type field says of the structure below it.
struct DeclaredType {
    bool multipart = false;
    bool message = false;  ///< message/*: header fields follow the blank line
    std::string boundary;  ///< "" if none is declared in a way that can be read only one way
};

DeclaredType declared_type(std::string_view content_type);

class BoundarySet {
public:
    struct Match {
        std::size_t boundary;  ///< index into names()
        bool closing;
    };

    struct Declaration {
        std::size_t boundary;  ///< index into names()
        bool is_new;
    };

    Declaration declare(std::string const& boundary);

    /// `line` without its end of line.
    std::optional<Match> match(std::string_view line) const;

    std::vector<std::string> const& names() const { return names_; }

private:
    std::vector<std::string> names_;
    std::unordered_map<std::string, std::size_t> index_;
};

}  // namespace satchel::mailgw
