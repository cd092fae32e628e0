#include "transfer/blob_intake.h"

#include <algorithm>
#include <utility>

#include "transfer/draft_offer.h"
#include "transfer/early_pieces.h"
#include "transfer/offer_storing.h"
#include "transfer/ranged_body.h"
#include "transfer/swarm_leftovers.h"

namespace satchel::transfer {
namespace {

constexpr std::chrono::milliseconds interrupt_patience{5'000};

Answer hanging_up(Answer answer) {
    answer.hang_up = true;
    return answer;
}

Answer answer_of(Error const& error) {
    return transfer::answer_of(refusal_for(error));
}

}  // namespace

BlobIntake::BlobIntake(Surroundings surroundings, ServerLimits const& limits)
    : around_(std::move(surroundings))
    , limits_(limits)
    , offers_({limits.offers, limits.offers_per_node, limits.offers_bytes,
               limits.offers_bytes_per_node})
    , swarms_(around_.executor, around_.pool, around_.host, around_.clock, limits_.swarm_start,
              [this](Incoming incoming, std::shared_ptr<UploadSlot> slot) {
                  return finish(std::move(incoming), std::move(slot));
              }) {}

Holding BlobIntake::holding_of(IncomingOffer const& incoming) const {
    Holding holding;
    holding.recipient = incoming.offer.recipient;
    holding.sender = incoming.account;
    holding.offer = incoming.offer.id;
    holding.grant = incoming.offer.grant;
    holding.label = incoming.offer.label;
    holding.stored = around_.clock.unix_seconds();
    return holding;
}

Answer BlobIntake::confirm(Incoming const& incoming, unsigned status) {
    Receipt draft;
    draft.offer = digest_of(incoming->offer);
    draft.content_id = incoming->offer.content_id;
    draft.size = incoming->offer.size;
    draft.node = NodeKey(around_.node_key.public_key());
    draft.time = around_.clock.unix_seconds();
    bool const first_time = !incoming->receipt;
    incoming->receipt = sign_receipt(std::move(draft), around_.node_key);
    incoming->waits = false;
    incoming->slot.reset();
    incoming->ahead.reset();
    if (first_time) around_.host.blob_arrived(incoming->offer, incoming->route);
    return transfer::answer_of(status, *incoming->receipt);
}

asio::awaitable<std::optional<Answer>> BlobIntake::answer_if_held(Incoming incoming) {
    auto look = [&store = around_.store, wanted = incoming->offer,
                 holding = holding_of(*incoming)] { return hold_if_here(store, wanted, holding); };
    Result<bool> const held = co_await around_.pool.await(std::move(look));
    if (!held) co_return answer_of(held.error());
    if (!*held) co_return std::nullopt;
    co_return confirm(incoming, 200);
}

void BlobIntake::give_up_idle(ContentId const& id) {
    auto const idle = static_cast<std::uint64_t>(limits_.takeover_idle.count());
    for (Incoming const& incoming : offers_.of_content(id)) {
        bool const stalled = incoming->slot && !incoming->slot->is_fed() &&
                             incoming->slot->fed_at() + idle <= around_.clock.unix_seconds();
        if (stalled) incoming->slot.reset();
    }
}

std::shared_ptr<UploadSlot> BlobIntake::abandoned_slot(Incoming const& incoming) {
    Offer const& offer = incoming->offer;
    Incoming const earlier = offers_.find_upload(offer.sender_node, offer.content_id);
    if (!earlier || !earlier->slot) return nullptr;
    bool const same = earlier->offer.recipient == offer.recipient &&
                      earlier->offer.size == offer.size && earlier->account == incoming->account;
    if (!same) return nullptr;
    auto const idle = static_cast<std::uint64_t>(limits_.takeover_idle.count());
    auto const since = around_.clock.unix_seconds() - idle;
    bool const orphan = swarms_.end_orphan(offer.content_id, since);
    bool const stalled = !earlier->slot->is_fed() && (orphan || earlier->slot->fed_at() <= since);
    return stalled ? std::exchange(earlier->slot, nullptr) : nullptr;
}

asio::awaitable<void> BlobIntake::take_over_draft(Incoming incoming) {
    auto const ahead = std::exchange(incoming->ahead, nullptr);
    if (!ahead) co_return;
    auto const turn = co_await UploadSlot::take(ahead, nullptr, interrupt_patience);
    if (!turn) co_return;
    auto name = [upload = ahead->upload(), id = incoming->offer.content_id] {
        return upload->take_name(id);
    };
    Status const named = co_await around_.pool.await(std::move(name));
    if (named && !incoming->slot) incoming->slot = ahead;
}

asio::awaitable<BlobIntake::Opening> BlobIntake::find_slot(Incoming incoming) {
    Opening opening;
    co_await take_over_draft(incoming);
    if (!incoming->slot) incoming->slot = abandoned_slot(incoming);
    opening.slot = incoming->slot;
    if (!opening.slot &&
        (offers_.uploads() >= limits_.uploads ||
         offers_.uploads_of(incoming->offer.sender_node) >= limits_.uploads_per_node)) {
        opening.answer =
            transfer::answer_of(Refusal{429, "busy", "too many uploads under way; later may do"});
    }
    co_return opening;
}

asio::awaitable<BlobIntake::Opening> BlobIntake::open_slot(Incoming incoming) {
    Opening opening = co_await find_slot(incoming);
    if (opening.slot || opening.answer) co_return opening;
    auto reserve = [&store = around_.store, wanted = incoming->offer, account = incoming->account] {
        return reserve_room(store, wanted, account);
    };
    Taken reserved = co_await around_.pool.await(std::move(reserve));
    if (incoming->slot) {  // a twin of this request was faster
        opening.slot = incoming->slot;
        co_return opening;
    }
    if (reserved.upload) {
        incoming->waits = false;
        incoming->slot = std::make_shared<UploadSlot>(around_.executor, std::move(reserved.upload));
        incoming->slot->note_fed(around_.clock.unix_seconds());
        opening.slot = incoming->slot;
    } else {
        opening.answer = answer_to_trouble(incoming, reserved);
    }
    co_return opening;
}

/// Why it can't come in now.
Answer BlobIntake::answer_to_trouble(Incoming const& incoming, Taken const& reserved) {
    if (reserved.arriving) {
        incoming->waits = true;
        return transfer::answer_of(OfferProgress{OfferAction::wait, *reserved.arriving});
    }
    Error const& error = reserved.status.error();
    if (error.fault == Fault::no_space)
        around_.host.offer_refused(incoming->offer, refusal_for(error));
    return answer_of(error);
}

asio::awaitable<Answer> BlobIntake::take_offer(ControlSession const& session, Caller caller,
                                               OfferRequest request) {
    Admission const admission = co_await session.judge(caller, request.offer);
    if (admission.refusal) {
        around_.host.offer_refused(request.offer, *admission.refusal);
        co_return transfer::answer_of(*admission.refusal);
    }
    if (request.blob && is_draft(request.offer)) {
        co_return transfer::answer_of(Refusal{400, "bad-offer", "a draft has no blob as yet"});
    }
    if (request.blob && request.blob->size() != request.offer.size) {
        co_return transfer::answer_of(
            Refusal{422, "wrong-bytes", "the blob is not as long as its offer says"});
    }
    // A sender that was killed before it had the receipt. Its offer proper tells what it gets.
    if (offers_.knows_name_of(request.offer, admission.admitted.account))
        co_return transfer::answer_of(OfferProgress{OfferAction::put, request.offer.size});
    Incoming const incoming = offers_.add(request.offer, admission.admitted.account);
    if (!incoming) {
        co_return transfer::answer_of(
            Refusal{429, "busy", "too many offers under way; later may do"});
    }
    if (request.blob) co_return co_await take_inline(incoming, std::move(*request.blob));
    std::optional<Answer> held = co_await answer_if_held(incoming);
    if (held) co_return std::move(*held);
    Opening opening = co_await open_slot(incoming);
    if (opening.answer) {
        // Another offer may have brought the blob just now.
        if (opening.answer->status == 403) held = co_await answer_if_held(incoming);
        co_return held ? std::move(*held) : std::move(*opening.answer);
    }
    co_return co_await answer_to_offer(incoming, opening.slot);
}

asio::awaitable<Answer> BlobIntake::answer_to_offer(Incoming incoming,
                                                    std::shared_ptr<UploadSlot> slot) {
    bool const by_swarm = !is_draft(incoming->offer) && swarms_.wants(*incoming, *slot);
    auto const progress = slot->progress(by_swarm ? OfferAction::swarm : OfferAction::put);
    bool const whole = slot->have() == incoming->offer.size && !is_draft(incoming->offer);
    if (!whole || slot->is_fed()) co_return transfer::answer_of(progress);
    auto const turn = co_await UploadSlot::take(slot, nullptr, interrupt_patience);
    if (!turn) co_return transfer::answer_of(progress);
    co_return co_await finish(incoming, slot);
}

asio::awaitable<Answer> BlobIntake::settle_draft(std::shared_ptr<UploadSlot> slot) {
    auto sync = [upload = slot->upload()] { return upload->sync(); };
    Status const synced = co_await around_.pool.await(std::move(sync));
    if (!synced) co_return answer_of(synced.error());
    co_return transfer::answer_of(slot->progress());
}

asio::awaitable<Answer> BlobIntake::take_invitation(Caller caller, ContentId id,
                                                    SwarmInvitation invitation) {
    Incoming const incoming = offers_.find_upload(caller.node, id);
    if (!incoming) co_return nothing_here();
    if (incoming->receipt) co_return transfer::answer_of(200, *incoming->receipt);
    Opening opening = co_await open_slot(incoming);
    if (opening.answer) co_return std::move(*opening.answer);
    incoming->route = Route::swarm;
    co_return co_await swarms_.begin(incoming, opening.slot, std::move(caller),
                                     std::move(invitation));
}

asio::awaitable<Answer> BlobIntake::swarm_news(Caller caller, ContentId id) {
    Incoming const incoming = offers_.find_upload(caller.node, id);
    if (!incoming) co_return nothing_here();
    co_return co_await swarms_.news(incoming);
}

asio::awaitable<Answer> BlobIntake::take_inline(Incoming incoming, Bytes blob) {
    Opening found = co_await find_slot(incoming);
    if (found.answer) {
        auto held = co_await answer_if_held(incoming);
        co_return held ? std::move(*held) : std::move(*found.answer);
    }
    UploadSlot::Turn turn;
    std::shared_ptr<BlobUpload> begun;  // without its bytes, or by an earlier offer
    if (found.slot) {
        turn = co_await UploadSlot::take(found.slot, nullptr, interrupt_patience);
        if (!turn)
            co_return transfer::answer_of(OfferProgress{OfferAction::wait, found.slot->have()});
        begun = found.slot->upload();
    }
    incoming->route = Route::inline_offer;
    received_bytes_ += blob.size();
    limits_.traffic->count(Traffic::Way::down, blob.size());
    auto take = [&store = around_.store, wanted = incoming->offer, holding = holding_of(*incoming),
                 blob = std::move(blob), begun = std::move(begun)] {
        return take_whole(store, wanted, holding, blob, begun);
    };
    Taken const taken = co_await around_.pool.await(std::move(take));
    if (taken.status) co_return confirm(incoming, 200);
    incoming->slot.reset();
    co_return answer_to_trouble(incoming, taken);
}

asio::awaitable<Answer> BlobIntake::take_layer(Caller caller, ContentId id, Bytes layer) {
    Incoming const incoming = offers_.find_upload(caller.node, id);
    if (!incoming) co_return nothing_here();
    if (incoming->receipt) co_return transfer::answer_of(200, *incoming->receipt);
    Opening opening = co_await open_slot(incoming);
    if (opening.answer) co_return std::move(*opening.answer);
    auto const turn = co_await UploadSlot::take(opening.slot, nullptr, interrupt_patience);
    if (!turn) co_return transfer::answer_of(Refusal{409, "busy", "this blob is being fed"});
    auto const slot = opening.slot;
    bool const known = slot->early() != nullptr;
    SwarmRoom const* const room = known ? nullptr : around_.host.swarm_room();
    auto folder = room == nullptr ? std::filesystem::path() : room->folder;
    auto set = [upload = slot->upload(), layer = std::move(layer), folder = std::move(folder), id,
                size = incoming->offer.size] {
        Status status = upload->set_layer(layer);
        auto early =
            status && !folder.empty() ? EarlyPieces::find(folder, id, size, layer) : nullptr;
        return std::pair(std::move(status), std::move(early));
    };
    auto [status, early] = co_await around_.pool.await(std::move(set));
    if (early) slot->keep_early(std::move(early));
    slot->advance_to(slot->upload()->offset());
    if (status) status = co_await feed_early(slot, around_.pool);
    slot->note_fed(around_.clock.unix_seconds());
    if (!status) co_return answer_of(status.error());
    co_return transfer::answer_of(slot->progress());
}

asio::awaitable<Answer> BlobIntake::take_blob(Caller caller, PutBlob request, TlsChannel& channel,
                                              std::function<void()> interrupt) {
    Incoming const incoming = offers_.find_upload(caller.node, request.id);
    if (!incoming) co_return hanging_up(nothing_here());
    if (incoming->receipt) co_return hanging_up(transfer::answer_of(200, *incoming->receipt));
    if (request.range.total != incoming->offer.size) {
        Refusal const refusal{413, "too-large", "the offer names another size"};
        co_return hanging_up(transfer::answer_of(refusal));
    }
    Opening opening = co_await open_slot(incoming);
    if (opening.answer) co_return hanging_up(std::move(*opening.answer));
    auto const slot = opening.slot;
    auto const turn = co_await UploadSlot::take(slot, std::move(interrupt), interrupt_patience);
    if (!turn) {
        Refusal const refusal{409, "busy", "this blob is being fed by another connection"};
        co_return hanging_up(transfer::answer_of(refusal));
    }
    if (request.range.range.first > slot->have()) {
        Refusal const refusal{409, "gap", "bytes are missing before these"};
        co_return hanging_up(transfer::answer_of(refusal));
    }
    RangedBody body;
    body.ranges = std::move(request.range);
    body.masked = request.masked;
    body.chunk_patience = limits_.chunk;
    body.advanced = [this, slot](std::uint64_t offset) {
        received_bytes_ += offset > slot->have() ? offset - slot->have() : 0;
        slot->advance_to(offset);
    };
    auto const [moved, whole] =
        co_await receive_ranges(channel, around_.pool, *limits_.traffic, slot, std::move(body));
    slot->note_fed(around_.clock.unix_seconds());
    incoming->route = Route::direct;
    Status const& trouble = moved.disk ? moved.network : moved.disk;
    if (!trouble) {
        around_.host.blob_broken_off(incoming->offer, slot->have(), trouble.error());
        if (!moved.disk) incoming->slot.reset();
        co_return hanging_up(answer_of(trouble.error()));
    }
    if (!whole) co_return hanging_up(transfer::answer_of(slot->progress()));
    if (slot->have() < incoming->offer.size) co_return transfer::answer_of(slot->progress());
    if (is_draft(incoming->offer)) co_return co_await settle_draft(slot);
    co_return co_await finish(incoming, slot);
}

asio::awaitable<Answer> BlobIntake::finish(Incoming incoming, std::shared_ptr<UploadSlot> slot) {
    auto settle = [upload = slot->upload(), early = slot->early(),
                   holding = holding_of(*incoming)] {
        Status done = upload->finish(holding);
        if (done && early) early->file().remove();
        return done;
    };
    Status const finished = co_await around_.pool.await(std::move(settle));
    if (finished) co_return confirm(incoming, 201);
    incoming->slot.reset();
    co_return answer_of(finished.error());
}

void BlobIntake::sweep() {
    auto const now = around_.clock.unix_seconds();
    auto const idle = static_cast<std::uint64_t>(limits_.upload_idle.count());
    swarms_.sweep(now - std::min(now, idle));
    offers_.sweep(now, now - std::min(now, idle));
    auto settle = [&store = around_.store] { return store.settle(); };
    around_.pool.run(std::move(settle), [&host = around_.host](Status const& done) {
        if (!done) host.store_troubled(done.error());
    });
    SwarmRoom const* const room = around_.host.swarm_room();
    if (room == nullptr) return;
    auto const is_held = [&store = around_.store](ContentId const& id) {
        auto const held = store.find(id);
        return held && *held;
    };
    auto remove = [folder = room->folder, in_use = offers_.arriving(), is_held] {
        remove_leftovers(folder, {in_use, is_held, room_for_leftovers(folder)});
        return Status();
    };
    around_.pool.run(std::move(remove), [](Status const&) {});
}

}  // namespace satchel::transfer
