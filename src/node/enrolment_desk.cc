#include "src/node/enrolment_desk.h"

#include <algorithm>
#include <array>

#include "src/base/atomic_file.h"
#include "src/base/sodium_hash.h"
#include "src/core/home.h"
#include "src/core/identity.h"

namespace satchel::node {

namespace {

constexpr std::uint64_t code_seconds = 3600;
constexpr std::uint64_t code_tries = 5;
constexpr std::uint64_t day_seconds = 24 * 3600;
// A stranger must not be able to fill somebody's mailbox with codes, or ours with work.
constexpr std::uint64_t mails_per_hour_to_one = 3;
constexpr std::uint64_t mails_per_hour_from_one = 20;
constexpr std::uint64_t mails_per_hour_in_all = 1'000;
constexpr std::size_t bindings_file_bytes = 64 << 20;

/// Not a person's (RFC 2142, and how list managers name things): whoever reads such a mailbox must
/// not speak for it.
constexpr std::array role_names = {
    "abuse",      "hostmaster", "mailer-daemon", "noc",
    "postmaster", "root",       "security",      "usenet",
    "uucp",       "webmaster",  "listserv",      "majordomo",
    "mailman",    "news",       "www",           "undisclosed-recipients"};
constexpr std::array list_endings = {"-admin", "-bounces", "-confirm",   "-join",       "-leave",
                                     "-owner", "-request", "-subscribe", "-unsubscribe"};

/// 50 bits in Crockford's base32: no letter in it looks like a digit.
std::string new_code(Randomness& randomness) {
    constexpr std::string_view letters = "0123456789abcdefghjkmnpqrstvwxyz";
    static_assert(letters.size() == 32);
    auto const chance = randomness.array<10>();
    std::string code;
    for (std::size_t i = 0; i < chance.size(); ++i) {
        if (i == chance.size() / 2) code += '-';
        code += letters[chance[i] % letters.size()];
    }
    return code;
}

/// As typed: blanks, hyphens and case don't count, and letters may stand for what they look like.
std::string tidied(std::string const& typed) {
    std::string code;
    for (char c : typed) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
        if (c == 'o') c = '0';
        if (c == 'i' || c == 'l') c = '1';
        bool const counts = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z');
        if (counts) code += c;
    }
    return code;
}

std::array<Byte, 32> hash_of(std::string const& code, MailedCode const& mailed) {
    std::string const address = mailed.address.text();
    std::string const typed = tidied(code);
    return blake2b<32>({bytes_of("satchel/code/1"), mailed.salt, mailed.user_key.bytes,
                        mailed.age_recipient.bytes, bytes_of(address), bytes_of("\n"),
                        bytes_of(typed)});
}

bool same(std::array<Byte, 32> const& a, std::array<Byte, 32> const& b) {
    unsigned difference = 0;
    for (std::size_t i = 0; i < a.size(); ++i)
        difference |= static_cast<unsigned>(a[i] ^ b[i]);
    return difference == 0;
}

}  // namespace

EnrolmentDesk::EnrolmentDesk(std::filesystem::path home, Config const& config, Clock const& clock,
                             Randomness& randomness, BindingBook book)
    : home_(std::move(home))
    , config_(config)
    , clock_(clock)
    , randomness_(randomness)
    , book_(std::move(book)) {}

Result<std::unique_ptr<EnrolmentDesk>> EnrolmentDesk::open(std::filesystem::path const& home,
                                                           Config const& config, Clock const& clock,
                                                           Randomness& randomness) {
    auto book = BindingBook::open(Home(home).bindings_file());
    if (!book) return fail(book.error());
    return std::unique_ptr<EnrolmentDesk>(
        new EnrolmentDesk(home, config, clock, randomness, std::move(*book)));
}

DomainSettings const* EnrolmentDesk::settings_of(Address const& address) const {
    auto const found = config_.domains.find(address.domain());
    return found == config_.domains.end() ? nullptr : &found->second;
}

Status EnrolmentDesk::may_enroll(Address const& address) const {
    std::string const& name = address.local();
    bool const role =
        std::ranges::find(role_names, name) != role_names.end() || name.starts_with("owner-") ||
        std::ranges::any_of(list_endings, [&](char const* end) { return name.ends_with(end); });
    DomainSettings const* const settings = settings_of(address);
    bool const named = settings != nullptr && std::ranges::find(settings->never_enroll, name) !=
                                                  settings->never_enroll.end();
    if (!role && !named) return {};
    return fail(Fault::refused, address.text() +
                                    " is no person's own address (a list, an alias or a role), so "
                                    "it can't have storage of its own");
}

Result<EnrolmentDesk::Ruling> EnrolmentDesk::rule(transfer::EnrollRequest const& request,
                                                  Asker const& asker) {
    std::lock_guard const lock(guard_);
    DomainSettings const* const settings = settings_of(request.address);
    if (settings != nullptr && !settings->bindings_file.empty())
        return look_up_signed(request, asker, settings->bindings_file);
    auto const domain_key = load_domain_key(request.address.domain(), home_);
    if (!domain_key) {
        return fail(Fault::not_found,
                    "this gateway does not speak for " + request.address.domain());
    }
    if (auto may = may_enroll(request.address); !may) return fail(may.error());
    auto const bound = book_.binding_of(request.address);
    if (!bound) return fail(bound.error());
    bool const living = *bound && (*bound)->expires > clock_.unix_seconds();
    if (living) {
        bool const itself = (*bound)->user_key == asker.user_key;
        bool const handed_over = std::ranges::any_of(request.predecessors, [&](auto const& word) {
            return word.old_key == (*bound)->user_key &&
                   successor_holds(word, request.address, asker.user_key, request.age_recipient);
        });
        if (itself || handed_over) return sign(request, asker, *domain_key);
        return fail(Fault::refused,
                    request.address.text() +
                        " belongs to another user key. Enroll from a home that has the old key "
                        "(keys.old-1 will do), or ask the admin for `satchel domain revoke`");
    }
    if (request.code.empty()) return make_code(request, asker);
    if (auto right = check_code(request, asker); !right) return fail(right.error());
    return sign(request, asker, *domain_key);
}

Result<EnrolmentDesk::Ruling> EnrolmentDesk::sign(transfer::EnrollRequest const& request,
                                                  Asker const& asker,
                                                  SigningKey const& domain_key) {
    auto const now = clock_.unix_seconds();
    auto const epoch = book_.next_epoch(request.address, now);
    if (!epoch) return fail(epoch.error());
    DomainSettings const* const settings = settings_of(request.address);
    Binding const draft{.address = request.address,
                        .user_key = asker.user_key,
                        .age_recipient = request.age_recipient,
                        .subaddress = settings == nullptr ? "" : settings->subaddress,
                        .slot_epoch = *epoch,
                        .issued = now,
                        .expires = now + DomainSettings::binding_days * day_seconds,
                        .domain_key = DomainKey(domain_key.public_key())};
    BindingGrant grant = grant_binding(draft, domain_key);
    if (auto noted = book_.note_binding(grant.binding); !noted) return fail(noted.error());
    return grant;
}

/// The domain key is elsewhere: the admin's file says who is bound.
Result<EnrolmentDesk::Ruling> EnrolmentDesk::look_up_signed(
    transfer::EnrollRequest const& request, Asker const& asker,
    std::filesystem::path const& bindings_file) const {
    auto const bytes = read_whole_file(bindings_file, bindings_file_bytes);
    if (!bytes && bytes.error().fault != Fault::not_found)
        return fail(Fault::unavailable, "the gateway can't read its file of bindings");
    std::optional<BindingGrant> newest;
    std::string_view rest = bytes ? text_of(*bytes) : std::string_view();
    while (!rest.empty()) {
        auto const end = std::min(rest.find('\n'), rest.size());
        auto const line = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        auto const grant = BindingGrant::decode_line(line);
        if (!grant || grant->binding.address != request.address) continue;
        if (!newest || grant->binding.slot_epoch > newest->binding.slot_epoch) newest = *grant;
    }
    bool const fits = newest && newest->binding.user_key == asker.user_key &&
                      newest->binding.age_recipient == request.age_recipient &&
                      newest->binding.expires > clock_.unix_seconds();
    if (fits) return *newest;
    return fail(Fault::unavailable,
                "the admin signs for " + request.address.domain() +
                    " by hand. Send them this, and enroll again once they have: satchel domain "
                    "bind " +
                    request.address.text() + ' ' + asker.user_key.to_base64() + ' ' +
                    request.age_recipient.to_string());
}

Result<EnrolmentDesk::Ruling> EnrolmentDesk::make_code(transfer::EnrollRequest const& request,
                                                       Asker const& asker) {
    auto const now = clock_.unix_seconds();
    auto const mailed = book_.mailed_since(request.address, asker.ip, now - code_seconds);
    if (!mailed) return fail(mailed.error());
    if (mailed->to_address >= mails_per_hour_to_one ||
        mailed->by_asker >= mails_per_hour_from_one || mailed->in_all >= mails_per_hour_in_all) {
        return fail(Fault::unavailable,
                    "too many codes were asked for; look for the last mail, or try in an hour");
    }
    std::string const code = new_code(randomness_);
    MailedCode entry{.address = request.address,
                     .user_key = asker.user_key,
                     .age_recipient = request.age_recipient,
                     .salt = randomness_.array<16>(),
                     .hash = {},
                     .expires = now + code_seconds,
                     .tries_left = code_tries};
    entry.hash = hash_of(code, entry);
    if (auto noted = book_.note_mailed(entry, asker.ip, now); !noted) return fail(noted.error());
    return CodeToMail{code, entry.expires};
}

Status EnrolmentDesk::check_code(transfer::EnrollRequest const& request, Asker const& asker) {
    auto const entry = book_.code_for(request.address, asker.user_key);
    if (!entry) return fail(entry.error());
    bool const usable = *entry && (*entry)->expires > clock_.unix_seconds() &&
                        (*entry)->age_recipient == request.age_recipient;
    if (!usable) {
        return fail(Fault::refused,
                    "no code is out for this address and these keys, or it has expired; ask for "
                    "one without --code");
    }
    if (same(hash_of(request.code, **entry), (*entry)->hash)) return {};
    if (auto counted = book_.count_wrong_try(**entry); !counted) return counted;
    return fail(Fault::refused, (*entry)->tries_left > 1
                                    ? "a wrong code; type what the mail says"
                                    : "a wrong code once too often; ask for a new one");
}

Status EnrolmentDesk::take_back(transfer::EnrollRequest const& request, Asker const& asker) {
    std::lock_guard const lock(guard_);
    auto const entry = book_.code_for(request.address, asker.user_key);
    if (!entry) return fail(entry.error());
    return *entry ? book_.forget_code(**entry) : Status();
}

}  // namespace satchel::node
