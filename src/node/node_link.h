// A gateway's way to the node of its home: one blocking connection per delivery thread, made again
// when it breaks, and all of them cut at once when the gateway stops.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "src/node/local_api_client.h"

namespace satchel::node {

/// Shared by the links of one program. Thread-safe.
class LinkCutter {
public:
    /// From now on every call fails, those under way too.
    void cut();

private:
    friend class NodeLink;

    bool enter(int socket);
    void leave(int socket);

    std::mutex mutex_;
    std::set<int> sockets_;
    bool cut_ = false;
};

/// One thread at a time.
class NodeLink {
public:
    NodeLink(std::filesystem::path socket, std::vector<std::string> settings,
             std::shared_ptr<LinkCutter> cutter);

    Result<Json> call(std::string const& verb, Json args, std::vector<int> const& files = {});

private:
    Result<Json> call_once(LocalRequest const& request, std::vector<int> const& files);

    std::filesystem::path socket_;
    std::vector<std::string> settings_;
    std::shared_ptr<LinkCutter> cutter_;
    std::optional<LocalApiClient> client_;
};

}  // namespace satchel::node
