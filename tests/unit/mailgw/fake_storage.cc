#include "tests/unit/mailgw/fake_storage.h"

#include "src/base/unique_fd.h"

namespace satchel::testing {

LookupReport report_of(std::string const& address) {
    auto const parsed = Address::parse(address).value();
    LookupReport report{.address = parsed, .storage_address = parsed};
    report.storage = report.trusted = report.available = true;
    report.trust = Trust::domain;
    report.age_recipient = AgeRecipient{};
    report.accept.max_bytes = 1ULL << 40;
    report.nodes.emplace_back().available = true;
    return report;
}

class FakeStorage::Locator final : public mailgw::RecipientLocator {
public:
    explicit Locator(FakeStorage& storage)
        : storage_(storage) {}

    Result<std::vector<LookupReport>> locate(std::vector<Address> const& addresses) override {
        std::lock_guard const guard(storage_.mutex_);
        ++storage_.lookups_;
        if (storage_.locator_broken) return fail(Fault::unavailable, "nobody to ask");
        std::vector<LookupReport> reports;
        for (Address const& address : addresses) {
            auto const found = storage_.has_storage.find(address.text());
            reports.push_back(found != storage_.has_storage.end()
                                  ? found->second
                                  : LookupReport{.address = address, .storage_address = address});
        }
        return reports;
    }

private:
    FakeStorage& storage_;
};

class FakeStorage::Depot final : public mailgw::AttachmentDepot {
public:
    explicit Depot(FakeStorage& storage)
        : storage_(storage) {}

    Result<mailgw::Deposit> deposit(mailgw::DepositOrder const& order) override {
        storage_.before_deposit();
        std::lock_guard const guard(storage_.mutex_);
        if (storage_.depot_broken) return fail(Fault::unavailable, "depot is gone");
        Deposited deposited;
        deposited.content.resize(order.source.end - order.source.begin);
        auto const got = read_at(order.source.fd, deposited.content, order.source.begin);
        if (!got) return fail(got.error());
        deposited.label = order.label;
        deposited.sender = order.sender;
        mailgw::Deposit deposit;
        deposit.content_id.bytes.fill(static_cast<Byte>(storage_.deposited_.size() + 1));
        deposit.blob_bytes = order.label.bytes + 32;
        for (Address const& recipient : order.recipients) {
            deposited.recipients.push_back(recipient.text());
            mailgw::DepositOutcome outcome{recipient, false, "", "", {}, {}, {}, ""};
            auto const refusal = storage_.refuses.find(recipient.text());
            outcome.stored = refusal == storage_.refuses.end();
            if (!outcome.stored) outcome.reason = refusal->second;
            if (storage_.away.contains(recipient.text())) {
                outcome.stored = false;
                outcome.reason = "no presence";
                if (order.may_escrow) outcome.ticket = storage_.keep(deposit.blob_bytes);
            }
            outcome.grant = copy_of(bytes_of("grant for " + recipient.text()));
            outcome.sealed_restore = copy_of(bytes_of("restore for " + recipient.text()));
            if (outcome.stored) outcome.receipt = copy_of(bytes_of("receipt"));
            outcome.route = "direct";
            deposit.outcomes.push_back(std::move(outcome));
        }
        storage_.deposited_.push_back(std::move(deposited));
        return deposit;
    }

private:
    FakeStorage& storage_;
};

class FakeStorage::Escrow final : public mailgw::EscrowDepot {
public:
    explicit Escrow(FakeStorage& storage)
        : storage_(storage) {}

    Result<std::vector<mailgw::EscrowReport>> look(
        std::vector<std::string> const& tickets) override {
        std::lock_guard const guard(storage_.mutex_);
        if (storage_.depot_broken) return fail(Fault::unavailable, "depot is gone");
        std::vector<mailgw::EscrowReport> reports;
        for (std::string const& ticket : tickets) {
            auto const found = storage_.escrow_.find(ticket);
            reports.push_back(found == storage_.escrow_.end() ? mailgw::EscrowReport()
                                                              : found->second);
        }
        return reports;
    }

    Status hurry(std::vector<std::string> const& tickets) override {
        std::lock_guard const guard(storage_.mutex_);
        storage_.hurried_.insert(storage_.hurried_.end(), tickets.begin(), tickets.end());
        return {};
    }

    Status release(std::vector<std::string> const& tickets) override {
        std::lock_guard const guard(storage_.mutex_);
        if (storage_.depot_broken) return fail(Fault::unavailable, "depot is gone");
        for (std::string const& ticket : tickets) {
            storage_.escrow_.erase(ticket);
            storage_.released_.push_back(ticket);
        }
        return {};
    }

private:
    FakeStorage& storage_;
};

std::string FakeStorage::keep(std::uint64_t bytes) {
    auto ticket = "t" + std::to_string(++tickets_);
    auto& report = escrow_[ticket];
    report.state = mailgw::EscrowState::waiting;
    report.bytes = bytes;
    report.reason = "no presence";
    return ticket;
}

void FakeStorage::escrow_arrives() {
    std::lock_guard const guard(mutex_);
    for (auto& [ticket, report] : escrow_) {
        report.state = mailgw::EscrowState::delivered;
        report.receipt = copy_of(bytes_of("late receipt"));
        report.route = "direct";
    }
}

void FakeStorage::escrow_is_lost() {
    std::lock_guard const guard(mutex_);
    escrow_.clear();
}

std::vector<std::string> FakeStorage::waiting() const {
    std::lock_guard const guard(mutex_);
    std::vector<std::string> tickets;
    for (auto const& [ticket, report] : escrow_)
        tickets.push_back(ticket);
    return tickets;
}

std::vector<std::string> FakeStorage::released() const {
    std::lock_guard const guard(mutex_);
    return released_;
}

std::vector<std::string> FakeStorage::hurried() const {
    std::lock_guard const guard(mutex_);
    return hurried_;
}

std::vector<FakeStorage::Deposited> FakeStorage::deposited() const {
    std::lock_guard const guard(mutex_);
    return deposited_;
}

std::size_t FakeStorage::lookups() const {
    std::lock_guard const guard(mutex_);
    return lookups_;
}

std::unique_ptr<mailgw::RecipientLocator> FakeStorage::locator() {
    return std::make_unique<Locator>(*this);
}

std::unique_ptr<mailgw::EscrowDepot> FakeStorage::escrow_depot() {
    return std::make_unique<Escrow>(*this);
}

std::unique_ptr<mailgw::AttachmentDepot> FakeStorage::depot() {
    return std::make_unique<Depot>(*this);
}

}  // namespace satchel::testing
