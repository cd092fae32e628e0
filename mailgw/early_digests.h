// The messages that are read while they arrive (early_digest.h), each in a thread of its own: a few
// large ones. It saves time where there is a processor left, and nothing depends on it.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "mailgw/early_digest.h"
#include "mailgw/growing_file.h"

namespace satchel::mailgw {

/// Thread-safe. Followings must not outlive it.
class EarlyDigests {
    struct Job;

public:
    EarlyDigests() = default;
    EarlyDigests(EarlyDigests const&) = delete;
    EarlyDigests& operator=(EarlyDigests const&) = delete;
    ~EarlyDigests();

    /// Messages of fewer bytes are not worth a thread.
    static constexpr std::uint64_t bytes_min = 1024 * 1024;
    static constexpr std::size_t at_once_max = 3;
    static constexpr std::size_t kept_max = 16;  ///< that nobody has taken

    /// Held by whoever writes the message. Unless completed, its end ends the reading.
    class Following {
    public:
        Following(EarlyDigests& all, std::shared_ptr<Job> job)
            : all_(all)
            , job_(std::move(job)) {}

        Following(Following const&) = delete;
        Following& operator=(Following const&) = delete;
        ~Following();

        void grown_to(std::uint64_t bytes);
        /// All is written. What was read can be taken; drop() where the message was not kept.
        void complete();

    private:
        EarlyDigests& all_;
        std::shared_ptr<Job> job_;
        bool complete_ = false;
    };

    /// Begins to read a message, whose file is duplicated. Null where enough are being read.
    std::unique_ptr<Following> follow(std::string const& id, int fd);

    /// What was read of a complete message, once. Waits until it is read to its end. None where
    /// that did not come about.
    std::optional<EarlyDigest> take(std::string const& id);

    void drop(std::string const& id);

    /// What is being read, is not needed any more. Nobody waits after this.
    void abandon_all();

private:
    void read(std::shared_ptr<Job> const& job);
    void discard(std::list<std::shared_ptr<Job>>::iterator at);
    void bury();
    std::list<std::shared_ptr<Job>>::iterator find(std::string const& id);

    std::mutex mutex_;  ///< guards what follows
    std::condition_variable done_;
    std::list<std::shared_ptr<Job>> jobs_;     ///< oldest first
    std::list<std::shared_ptr<Job>> leaving_;  ///< nobody wants them, their threads may still run
    bool ended_ = false;
};

}  // namespace satchel::mailgw
