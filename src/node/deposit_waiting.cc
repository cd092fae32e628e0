// How long a deposit waits for its slowest recipients.
#include <algorithm>

#include "src/node/deposit_job.h"

namespace satchel::node {

namespace {

using std::chrono::steady_clock;

/// After the first recipient has it, or twice as long as that took; where nobody has it as yet,
/// after it is encrypted. What is kept here for those who need longer goes on to them, and the mail
/// leaves: nobody's mail takes hours because somebody's line is slow.
constexpr std::chrono::seconds slow_patience{30};

}  // namespace

bool Depositor::may_keep(Job const& job) const {
    return job.request.may_escrow && world_.escrow != nullptr;
}

/// All are served; or those who are not could be kept for, and have had their time.
asio::awaitable<void> Depositor::wait_for_all(Job& job) {
    while (job.running > 0) {
        bool const all_begun = job.served + job.under_way.size() == job.deposit.outcomes.size();
        auto until = steady_clock::time_point::max();
        if (all_begun && may_keep(job)) {
            auto const from = job.first_stored.value_or(*job.encrypted_at);
            until = from + std::max<steady_clock::duration>(slow_patience, 2 * (from - job.begun));
        }
        if (steady_clock::now() >= until) co_return answer_without_slow(job);
        boost::system::error_code ignored;
        job.changed.expires_at(until);
        co_await job.changed.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
}

void Depositor::answer_without_slow(Job& job) const {
    for (auto& [index, item] : job.under_way) {
        mailgw::DepositOutcome& outcome = job.deposit.outcomes[index];
        outcome.reason = "it takes long: it is brought on from here";
        world_.log.info("slow_recipient", {{"recipient", outcome.recipient.text()},
                                           {"content", job.deposit.content_id.short_form()}});
        item.in_hand = true;
        job.away.emplace(index, std::move(item));
    }
    job.under_way.clear();
    job.answered = true;
    job.progress = nullptr;
}

/// What became of a slow one, for escrow, which has kept it meanwhile.
asio::awaitable<void> Depositor::hand_over(Job& job, std::size_t index,
                                           Result<transfer::Delivered> delivered,
                                           std::uint64_t wanted) {
    co_await job.kept.wait();
    auto const ticket = job.tickets.find(index);
    if (ticket == job.tickets.end()) co_return;
    Result<EscrowCopy> arrived = fail(Fault::unavailable, "");
    if (delivered) {
        arrived = EscrowCopy{encode_receipt(delivered->receipt), to_string(delivered->route),
                             delivered->receipt.node, wanted};
    }
    co_await world_.escrow->hand_over(ticket->second, std::move(arrived));
}

}  // namespace satchel::node
