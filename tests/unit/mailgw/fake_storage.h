// A locator and a depot that answer from memory: who has storage, and what was deposited.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "mailgw/attachment_depot.h"
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
    bool locator_broken = false;
    bool depot_broken = false;
    std::function<void()> before_deposit = [] {};

    std::vector<Deposited> deposited() const;
    std::size_t lookups() const;

    std::unique_ptr<mailgw::RecipientLocator> locator();
    std::unique_ptr<mailgw::AttachmentDepot> depot();

private:
    class Locator;
    class Depot;

    mutable std::mutex mutex_;
    std::vector<Deposited> deposited_;
    std::size_t lookups_ = 0;
};

}  // namespace satchel::testing
