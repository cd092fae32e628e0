#include "src/node/cataloguer.h"

#include <algorithm>
#include <map>
#include <utility>

#include "src/base/hex.h"

namespace satchel::node {

namespace {

// Opening a label costs about 0.1 ms: a worker is busy for a moment only.
constexpr std::size_t blobs_a_step = 250;

/// To enter a blob takes the processors as long as to take it in, and its sender waits only for
/// that. What comes in a row is entered together.
constexpr std::chrono::milliseconds after_change{30};

/// Changes with every key that opens labels, and with the addresses whose holdings are own.
std::string reader_of(Identity const& identity) {
    Sha256 digest;
    for (AgeIdentity const& age : identity.age)
        digest.update(bytes_of(age.recipient().to_string()));
    for (Address const& address : identity.addresses)
        digest.update(bytes_of(address.text() + '\n'));
    return to_hex(digest.finish());
}

std::uint64_t stored_at(transfer::HeldBlob const& blob) {
    std::uint64_t stored = 0;
    for (transfer::Holding const& holding : blob.holdings)
        stored = std::max(stored, holding.stored);
    return stored;
}

/// Whether what was entered still stands.
bool tells_of(std::uint64_t stored, std::uint64_t holdings, transfer::HeldBlob const& blob) {
    return stored == stored_at(blob) && holdings == blob.holdings.size();
}

}  // namespace

Cataloguer::Cataloguer(Catalogue catalogue, World world)
    : world_(world)
    , catalogue_(std::move(catalogue))
    , pause_(world.owner) {
    for (Address const& address : world_.identity.addresses)
        own_.insert(address_tag(address));
    for (Address const& address : world_.users.addresses())
        served_.emplace(address_tag(address), address);
}

Result<std::unique_ptr<Cataloguer>> Cataloguer::open(std::filesystem::path const& file,
                                                     World world) {
    auto catalogue = Catalogue::open(file, reader_of(world.identity));
    if (!catalogue) return fail(catalogue.error());
    return std::unique_ptr<Cataloguer>(new Cataloguer(std::move(*catalogue), world));
}

void Cataloguer::start() {
    if (std::exchange(working_, true)) return;
    asio::co_spawn(
        world_.owner, [this] { return work(); }, asio::detached);
}

void Cataloguer::stop() {
    stopped_ = true;
    pause_.cancel();
}

void Cataloguer::note_change(ContentId const& id) {
    noted_.insert(id);
    start();
}

/// One thing after the other, so that what was seen before a change is never written after it.
asio::awaitable<void> Cataloguer::work() {
    while (!stopped_ && (!noted_.empty() || !state_.complete)) {
        Status done;
        if (!noted_.empty()) {
            boost::system::error_code ignored;
            pause_.expires_after(after_change);
            co_await pause_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
            if (stopped_) break;
            auto look = [this, ids = std::exchange(noted_, {})] { return look_again(ids); };
            done = co_await world_.workers.await(std::move(look));
            tell();
        } else {
            done = co_await walk_on();
        }
        if (!done) {
            world_.log.error("catalogue", {{"reason", done.error().what}});
            break;
        }
    }
    working_ = false;
}

asio::awaitable<Status> Cataloguer::walk_on() {
    auto look = [this, last = last_] { return reconcile_after(last); };
    auto const step = co_await world_.workers.await(std::move(look));
    if (!step) co_return fail(step.error());
    last_ = step->last;
    state_.looked_at += step->looked_at;
    state_.complete = !last_;
    if (step->changed || state_.complete) tell();
    co_return Status();
}

void Cataloguer::tell() {
    if (stopped_) return;
    ++state_.revision;
    if (changed_) changed_();
}

CatalogueEntry Cataloguer::entry_of(transfer::HeldBlob const& blob) const {
    CatalogueEntry entry;
    entry.id = blob.id;
    entry.bytes = entry.blob_bytes = blob.size;
    entry.holdings = blob.holdings.size();
    if (auto const label = world_.retriever.label_of(blob)) entry.take(*label);
    entry.stored = stored_at(blob);
    for (transfer::Holding const& holding : blob.holdings) {
        entry.own = entry.own || own_.contains(holding.recipient);
        auto const user = served_.find(holding.recipient);
        if (user != served_.end() && entry.recipient.empty()) entry.recipient = user->second.text();
        // The account is whom the offer was attested for; the label is its sender's word alone.
        auto const attested = Address::parse(holding.sender);
        if (!attested || entry.verified) continue;
        entry.sender = attested->text();
        entry.verified = true;
    }
    return entry;
}

Result<Cataloguer::Listed> Cataloguer::list_arrived_after(std::uint64_t arrival, std::size_t most) {
    auto const held = world_.store.list_arrived_after(arrival, most);
    if (!held) return fail(held.error());
    std::vector<ContentId> ids;
    for (transfer::HeldBlob const& blob : *held)
        ids.push_back(blob.id);
    auto known = catalogue_.find(ids);
    if (!known) return fail(known.error());
    Listed listed;
    for (transfer::HeldBlob const& blob : *held) {
        auto const found = known->find(blob.id);
        bool const same = found != known->end() && !found->second.elsewhere &&
                          tells_of(found->second.stored, found->second.holdings, blob);
        // Not entered from here: that would be out of turn with what changes meanwhile.
        listed.entries.push_back(same ? std::move(found->second) : entry_of(blob));
        listed.last = blob.arrival;
    }
    return listed;
}

Status Cataloguer::look_again(std::set<ContentId> const& ids) {
    std::vector<CatalogueEntry> here;
    std::vector<ContentId> gone;
    for (ContentId const& id : ids) {
        auto const held = world_.store.find_listed(id);
        if (!held) return fail(held.error());
        if (*held) {
            here.push_back(entry_of(**held));
        } else {
            gone.push_back(id);
        }
    }
    if (auto put = catalogue_.put(here); !put) return put;
    return catalogue_.remove(gone);
}

Result<Cataloguer::Step> Cataloguer::reconcile_after(std::optional<ContentId> const& after) {
    auto const held = world_.store.list_after(after, blobs_a_step);
    if (!held) return fail(held.error());
    auto const marks = catalogue_.marks_after(after, 2 * blobs_a_step);
    if (!marks) return fail(marks.error());
    Step step;
    step.looked_at = held->size();
    std::map<ContentId, CatalogueMark> known;
    for (CatalogueMark const& mark : *marks)
        known.emplace(mark.id, mark);
    std::vector<CatalogueEntry> put;
    for (transfer::HeldBlob const& blob : *held) {
        auto const found = known.extract(blob.id);
        bool const same = found && tells_of(found.mapped().stored, found.mapped().holdings, blob);
        if (!same) put.push_back(entry_of(blob));
    }
    bool const store_ended = held->size() < blobs_a_step;
    bool const marks_ended = marks->size() < 2 * blobs_a_step;
    if (!store_ended) {
        step.last = held->back().id;
    } else if (!marks_ended) {
        step.last = marks->back().id;
    }
    // What the store has not, as far as this step has seen.
    std::vector<ContentId> gone;
    for (auto const& [id, mark] : known)
        if (!step.last || id <= *step.last) gone.push_back(id);
    step.changed = !put.empty() || !gone.empty();
    if (auto done = catalogue_.put(put); !done) return fail(done.error());
    if (auto done = catalogue_.remove(gone); !done) return fail(done.error());
    return step;
}

}  // namespace satchel::node
