#include "dht/dns_unbound.h"

#include <set>

#include <unbound.h>
#include <unistd.h>

#include "dht/txt_rdata.h"
#include "dht/wake_up.h"
#include "src/base/asio_descriptor.h"
#include "src/base/bytes.h"
#include "src/base/unique_fd.h"

namespace satchel::location {

namespace {

namespace fs = std::filesystem;

constexpr int type_txt = 16;  // RFC 1035 §3.2.2
constexpr int class_in = 1;   // RFC 1035 §3.2.4
constexpr int rcode_no_error = 0;
constexpr int rcode_name_error = 3;       // RFC 1035 §4.1.1: NXDOMAIN
constexpr std::size_t name_octets = 253;  // RFC 1035 §2.3.4, as text without the last dot
constexpr std::size_t texts_most = 16;
constexpr std::size_t questions_most = 256;  // at once

struct DeleteContext {
    void operator()(ub_ctx* context) const noexcept { ub_ctx_delete(context); }
};

struct FreeResult {
    void operator()(ub_result* result) const noexcept { ub_resolve_free(result); }
};

using Context = std::unique_ptr<ub_ctx, DeleteContext>;
using Answer = std::unique_ptr<ub_result, FreeResult>;

Result<TxtAnswer> read_answer(ub_result const& result) {
    if (result.bogus != 0) {
        std::string const why = result.why_bogus == nullptr ? "" : result.why_bogus;
        return fail(Fault::untrusted, "DNSSEC refuses the answer: " + why.substr(0, 300));
    }
    if (result.rcode != rcode_no_error && result.rcode != rcode_name_error) {
        return fail(Fault::unavailable,
                    "the DNS server failed (code " + std::to_string(result.rcode) + ")");
    }
    if (result.havedata == 0) return fail(Fault::not_found, "no TXT record");
    TxtAnswer answer;
    answer.ttl = result.ttl < 0 ? 0 : static_cast<std::uint32_t>(result.ttl);
    answer.dnssec = result.secure != 0 ? Dnssec::secure : Dnssec::insecure;
    for (std::size_t i = 0; result.data[i] != nullptr && answer.texts.size() < texts_most; ++i) {
        if (result.len[i] < 0) continue;
        auto text = joined_strings({reinterpret_cast<Byte const*>(result.data[i]),
                                    static_cast<std::size_t>(result.len[i])});
        if (text) answer.texts.push_back(std::move(*text));
    }
    return answer;
}

Status set_up(ub_ctx* context, UnboundOptions const& options) {
    int failed = ub_ctx_debugout(context, nullptr);  // it would write to our stderr
    auto const set = [&](char const* option, char const* value) {
        if (failed == 0) failed = ub_ctx_set_option(context, option, value);
    };
    // A resolver of this machine is what many systems have, systemd's for one.
    set("do-not-query-localhost:", "no");
    // Unbound answers these by itself, but whoever runs such names asks a server that knows them.
    set("local-zone:", "test. transparent");
    set("msg-cache-size:", "1m");
    set("rrset-cache-size:", "1m");
    set("key-cache-size:", "1m");
    if (failed == 0) failed = ub_ctx_async(context, 1);
    if (options.server) {
        std::string const at = options.server->ip + '@' + std::to_string(options.server->port);
        if (failed == 0) failed = ub_ctx_set_fwd(context, at.c_str());
    } else if (failed == 0) {
        failed = ub_ctx_resolvconf(context, nullptr);
    }
    if (failed == 0 && !options.anchor.empty())
        failed = ub_ctx_add_ta_file(context, options.anchor.c_str());
    if (failed != 0)
        return fail(Fault::unavailable, std::string("DNS does not start: ") + ub_strerror(failed));
    return {};
}

}  // namespace

/// The library's context and the questions that are under way. Shared with the coroutines that
/// wait, so that none of them outlives it.
class UnboundResolver::Engine : public std::enable_shared_from_this<Engine> {
public:
    Engine(asio::io_context& owner, Context context, UniqueFd watched,
           std::chrono::milliseconds timeout)
        : owner_(owner)
        , context_(std::move(context))
        , watched_(owner, watched.get())
        , timeout_(timeout) {
        static_cast<void>(watched.release());
    }

    asio::awaitable<Result<TxtAnswer>> ask(std::string name);
    void stop();

private:
    struct Question {
        explicit Question(asio::io_context& owner)
            : answered(owner.get_executor()) {}

        std::optional<Result<TxtAnswer>> answer;
        WakeUp answered;
    };

    /// Called by ub_process() alone, hence on our thread.
    static void on_answer(void* question, int error, ub_result* result) {
        Answer const owned(result);
        auto& asked = *static_cast<Question*>(question);
        if (error != 0 || !owned) {
            asked.answer = fail(Fault::unavailable, std::string("DNS: ") + ub_strerror(error));
        } else {
            asked.answer = read_answer(*owned);
        }
        asked.answered.notify();
    }

    void watch();

    asio::io_context& owner_;
    Context context_;  ///< null once stopped
    asio::posix::stream_descriptor watched_;
    std::chrono::milliseconds timeout_;
    std::set<Question*> waiting_;
    bool watching_ = false;
};

void UnboundResolver::Engine::watch() {
    if (watching_ || waiting_.empty() || !context_) return;
    watching_ = true;
    watched_.async_wait(asio::posix::stream_descriptor::wait_read,
                        [self = shared_from_this()](boost::system::error_code error) {
                            self->watching_ = false;
                            if (error && error != asio::error::operation_aborted) return;
                            if (self->context_) ub_process(self->context_.get());
                            self->watch();
                        });
}

asio::awaitable<Result<TxtAnswer>> UnboundResolver::Engine::ask(std::string name) {
    auto const self = shared_from_this();
    if (!context_) co_return fail(Fault::unavailable, "DNS was stopped");
    if (name.size() > name_octets) co_return fail(Fault::not_found, "too long for a DNS name");
    if (waiting_.size() >= questions_most)
        co_return fail(Fault::unavailable, "too many DNS questions at once");
    Question question(owner_);
    int id = 0;
    int const failed = ub_resolve_async(context_.get(), name.c_str(), type_txt, class_in, &question,
                                        on_answer, &id);
    if (failed != 0) co_return fail(Fault::unavailable, std::string("DNS: ") + ub_strerror(failed));
    waiting_.insert(&question);
    watch();
    auto const until = std::chrono::steady_clock::now() + timeout_;
    while (!question.answer && std::chrono::steady_clock::now() < until)
        co_await question.answered.wait_until(until);
    waiting_.erase(&question);
    if (!question.answer) {
        if (context_) ub_cancel(context_.get(), id);
        question.answer = fail(Fault::timed_out, "it took too long");
    }
    boost::system::error_code closed;  // once stopped; the throwing form would end the caller
    if (waiting_.empty()) watched_.cancel(closed);  // an idle resolver keeps nobody waiting
    co_return std::move(*question.answer);
}

void UnboundResolver::Engine::stop() {
    if (!context_) return;
    context_.reset();
    boost::system::error_code ignored;
    watched_.close(ignored);
    for (Question* const question : waiting_) {
        question->answer = fail(Fault::unavailable, "DNS was stopped");
        question->answered.notify();
    }
}

fs::path system_dnssec_anchor() {
    fs::path const file = "/usr/share/dns/root.key";
    std::error_code ignored;
    return fs::is_regular_file(file, ignored) ? file : fs::path();
}

UnboundResolver::UnboundResolver(std::shared_ptr<Engine> engine)
    : engine_(std::move(engine)) {}

UnboundResolver::~UnboundResolver() {
    engine_->stop();
}

Result<std::unique_ptr<UnboundResolver>> UnboundResolver::start(asio::io_context& owner,
                                                                UnboundOptions const& options) {
    // The library reads the file at its first question, and would then refuse them all.
    if (!options.anchor.empty() && ::access(options.anchor.c_str(), R_OK) != 0) {
        return fail(Fault::config, options.anchor.string() +
                                       ": cannot be read; trust.dnssec_anchor is wanted, a file "
                                       "with DS or DNSKEY records");
    }
    Context context(ub_ctx_create());
    if (!context) return fail(Fault::unavailable, "DNS does not start: no memory");
    if (auto ready = set_up(context.get(), options); !ready) return fail(ready.error());
    // A copy: Asio closes what it watches, and the library what it made.
    UniqueFd watched(::dup(ub_fd(context.get())));
    if (watched.get() < 0) return fail(Fault::unavailable, "DNS does not start: no descriptor");
    return std::unique_ptr<UnboundResolver>(new UnboundResolver(
        std::make_shared<Engine>(owner, std::move(context), std::move(watched), options.timeout)));
}

asio::awaitable<Result<TxtAnswer>> UnboundResolver::txt(std::string name) {
    return engine_->ask(std::move(name));
}

void UnboundResolver::stop() {
    engine_->stop();
}

}  // namespace satchel::location
