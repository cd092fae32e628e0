// A locator and a depot that answer from memory: who has storage, and what was deposited.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "mailgw/attachment_depot.h"
#include "mailgw/escrow_depot.h"
#include "mailgw/recipient_locator.h"

namespace satchel::testing {

/// A trusted, available, dialable storage.
LookupReport report_of(std::string const& address);

/// Thread-safe. Addresses that are not in `has_storage` have none.
class FakeStorage {
public:
    struct Deposited {
        Bytes content;  ///< as it lies in the source, not decoded
        FileLabel label;
        std::string sender;
        std::vector<std::string> recipients;
    };

    std::map<std::string, LookupReport> has_storage;
    std::map<std::string, std::string> refuses;  ///< address and why
    std::set<std::string> away;                  ///< addresses whose storage does not answer
    bool locator_broken = false;
    bool depot_broken = false;
    std::function<void()> before_deposit = [] {};

    std::vector<Deposited> deposited() const;
    std::size_t lookups() const;

    std::unique_ptr<mailgw::RecipientLocator> locator();
    std::unique_ptr<mailgw::AttachmentDepot> depot();

    /// Tickets are "t1", "t2", … in the order of deposits. All of these from any thread.
    std::unique_ptr<mailgw::EscrowDepot> escrow_depot();
    /// The storage of all that wait is back, and has taken everything.
    void escrow_arrives();
    void escrow_is_lost();
    std::vector<std::string> waiting() const;
    std::vector<std::string> released() const;
    std::vector<std::string> hurried() const;

private:
    class Locator;
    class Depot;
    class Escrow;

    std::string keep(std::uint64_t bytes);

    mutable std::mutex mutex_;
    std::vector<Deposited> deposited_;
    std::size_t lookups_ = 0;
    std::size_t tickets_ = 0;
    std::map<std::string, mailgw::EscrowReport> escrow_;
    std::vector<std::string> released_;
    std::vector<std::string> hurried_;
};

}  // namespace satchel::testing
