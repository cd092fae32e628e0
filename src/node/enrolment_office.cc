#include "src/node/enrolment_office.h"

#include "src/base/hex.h"
#include "src/node/code_mail.h"

namespace satchel::node {

namespace {

/// A binding costs an Argon2id: strangers get no more than this of our processor.
constexpr std::size_t at_once_max = 4;

}  // namespace

asio::awaitable<Result<transfer::EnrollAnswer>> EnrolmentOffice::enroll(
    transfer::Caller caller, transfer::EnrollRequest request) {
    if (under_way_ >= at_once_max) co_return fail(Fault::unavailable, "busy; try again");
    ++under_way_;
    Asker const asker{*caller.device, caller.ip};
    auto rule = [this, request, asker] { return world_.desk.rule(request, asker); };
    auto ruling = co_await world_.workers.await(std::move(rule));
    Result<transfer::EnrollAnswer> answer = transfer::EnrollAnswer{};
    if (!ruling) {
        world_.log.info("enroll_refused", {{"address", request.address.text()},
                                           {"from", asker.ip},
                                           {"reason", ruling.error().what}});
        answer = fail(ruling.error());
    } else if (auto* const grant = std::get_if<BindingGrant>(&*ruling)) {
        world_.log.info("enrolled", {{"address", request.address.text()},
                                     {"user", asker.user_key.short_form()}});
        answer->grant = std::move(*grant);
    } else {
        answer = co_await mail(std::move(request), asker, std::get<CodeToMail>(*ruling));
    }
    --under_way_;
    co_return answer;
}

asio::awaitable<Result<transfer::EnrollAnswer>> EnrolmentOffice::mail(
    transfer::EnrollRequest request, Asker asker, CodeToMail code) {
    CodeMail const letter{.to = request.address,
                          .user_key = asker.user_key,
                          .code = code.code,
                          .now = world_.clock.unix_seconds(),
                          .expires = code.expires,
                          .unique = to_hex(world_.randomness.array<16>())};
    auto send = [this, letter] { return send_code_mail(letter, world_.gateway_socket); };
    auto const sent = co_await world_.workers.await(std::move(send));
    if (sent) {
        world_.log.info("code_mailed", {{"address", request.address.text()}, {"for", asker.ip}});
        co_return transfer::EnrollAnswer{};
    }
    auto undo = [this, request, asker] { return world_.desk.take_back(request, asker); };
    static_cast<void>(co_await world_.workers.await(std::move(undo)));
    world_.log.error("code_not_mailed",
                     {{"address", request.address.text()}, {"reason", sent.error().what}});
    co_return fail(Fault::unavailable, "the gateway can't send the mail with the code now");
}

}  // namespace satchel::node
