#include "src/node/transfer_board.h"

#include <algorithm>

#include "src/core/file_label.h"
#include "src/core/limits.h"
#include "transfer/age_file.h"

namespace satchel::node {

namespace {

bool is_over(Transfer const& transfer) {
    return transfer.state != Transfer::State::moving;
}

/// As the label says, where a key of this home opens it.
std::string name_in(Bytes const& label, Identity const& identity) {
    auto const opened = transfer::decrypt_age(identity.age, label, limits::label_bytes);
    if (!opened) return "";
    auto const words = decode_label(*opened);
    return words ? safe_file_name(words->name) : "";
}

}  // namespace

char const* to_string(Transfer::State state) {
    switch (state) {
        case Transfer::State::moving:
            return "moving";
        case Transfer::State::done:
            return "done";
        case Transfer::State::failed:
            return "failed";
        case Transfer::State::refused:
            return "refused";
    }
    return "";
}

std::uint64_t TransferBoard::begin(Transfer transfer) {
    transfer.number = ++last_number_;
    transfer.begun = clock_.unix_seconds();
    transfers_.push_back(std::move(transfer));
    return last_number_;
}

Transfer* TransferBoard::find(std::uint64_t number) {
    auto const found = std::ranges::find(transfers_, number, &Transfer::number);
    return found == transfers_.end() ? nullptr : &*found;
}

void TransferBoard::end(std::uint64_t number, Transfer::State state) {
    Transfer* const found = find(number);
    if (found == nullptr) return;
    Transfer over = std::move(*found);
    forget(number);
    over.state = state;
    over.ended = clock_.unix_seconds();
    tell(over);
    add_over(std::move(over));
}

void TransferBoard::forget(std::uint64_t number) {
    std::erase_if(transfers_, [&](Transfer const& one) { return one.number == number; });
}

Transfer TransferBoard::coming(Offer const& offer) const {
    Transfer transfer;
    transfer.way = Transfer::Way::in;
    transfer.name = name_in(offer.label, identity_);
    transfer.peer = offer.sender;
    transfer.content_id = offer.content_id;
    transfer.bytes = offer.size;
    transfer.begun = transfer.ended = clock_.unix_seconds();
    return transfer;
}

void TransferBoard::arrived(Offer const& offer, std::string_view route) {
    Transfer transfer = coming(offer);
    transfer.state = Transfer::State::done;
    transfer.done = offer.size;
    transfer.route = route;
    tell(transfer);
    add_over(std::move(transfer));
}

void TransferBoard::broken_off(Offer const& offer, std::uint64_t have, std::string reason) {
    Transfer transfer = coming(offer);
    transfer.state = Transfer::State::failed;
    transfer.done = have;
    transfer.reason = std::move(reason);
    tell(transfer);
    add_over(std::move(transfer));
}

void TransferBoard::refused(Offer const& offer, std::string reason) {
    Transfer transfer = coming(offer);
    transfer.state = Transfer::State::refused;
    transfer.reason = std::move(reason);
    tell(transfer);
    add_over(std::move(transfer));
}

void TransferBoard::restore(std::vector<Transfer> const& history) {
    for (Transfer const& one : history)
        add_over(one);
}

void TransferBoard::tell(Transfer const& transfer) {
    if (over_) over_(transfer);
}

/// What is tried again and again is told once, as it stands.
void TransferBoard::add_over(Transfer transfer) {
    std::erase_if(transfers_, [&](Transfer const& one) {
        return is_over(one) && one.state != Transfer::State::done && one.way == transfer.way &&
               one.content_id == transfer.content_id && one.peer == transfer.peer;
    });
    transfer.number = ++last_number_;
    bool const refused = transfer.state == Transfer::State::refused;
    transfers_.push_back(std::move(transfer));
    keep_within(refused ? refused_max : remembered_max, refused);
}

void TransferBoard::keep_within(std::size_t most, bool refused) {
    auto const counts = [refused](Transfer const& one) {
        return is_over(one) && (one.state == Transfer::State::refused) == refused;
    };
    if (static_cast<std::size_t>(std::ranges::count_if(transfers_, counts)) > most)
        transfers_.erase(std::ranges::find_if(transfers_, counts));
}

}  // namespace satchel::node
