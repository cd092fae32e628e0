// A node started by another program of the same home, which ends it when it is done.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <sys/types.h>

#include "src/base/result.h"
#include "src/node/json_values.h"

namespace satchel::node {

class ChildNode {
public:
    /// How much of a node is wanted.
    enum class Scope {
        full,   ///< as `satchel node`: takes offers, publishes its presence
        brief,  ///< serves this home's verbs alone: ports picked, no presence
    };

    /// Runs this very program as `satchel --home HOME --json --set … node` and waits for its ready
    /// line.
    static Result<ChildNode> start(std::filesystem::path const& home,
                                   std::vector<std::string> const& settings, Scope scope);

    ChildNode(ChildNode&& other) noexcept;
    ChildNode& operator=(ChildNode&&) = delete;

    /// SIGTERM, and waits until it is gone; SIGKILL after ten seconds.
    ~ChildNode();

    nlohmann::json const& ready() const { return ready_; }

    /// False once it has ended by itself.
    bool runs();

private:
    ChildNode(pid_t pid, nlohmann::json ready);

    pid_t pid_;  ///< 0 once it is gone
    nlohmann::json ready_;
};

}  // namespace satchel::node
