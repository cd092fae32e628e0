// Decides who may have a binding of this home's domains (DESIGN section 3): a code mailed to the
// address the first time, the bound key's word for a renewal, the old key's for a new one.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <variant>
#include <vector>

#include "src/base/clock.h"
#include "src/base/randomness.h"
#include "src/core/binding_book.h"
#include "src/core/config.h"
#include "transfer/enrolment_message.h"

namespace satchel::node {

/// Mail this to the address, or nobody is bound.
struct CodeToMail {
    std::string code;
    std::uint64_t expires = 0;  ///< Unix seconds
};

/// Who asks: the key they showed, and the IP address they come from.
struct Asker {
    UserKey user_key;
    std::string ip;
};

/// Blocks on the disk; any thread.
class EnrolmentDesk {
public:
    /// `clock` and `randomness` must outlive the desk.
    static Result<std::unique_ptr<EnrolmentDesk>> open(std::filesystem::path const& home,
                                                       Config const& config, Clock const& clock,
                                                       Randomness& randomness);

    using Ruling = std::variant<BindingGrant, CodeToMail>;

    /// Fault::not_found: this home speaks for no such domain. Fault::refused: not this address, not
    /// this key, or a wrong code. Fault::unavailable: later, or once the admin has signed.
    Result<Ruling> rule(transfer::EnrollRequest const& request, Asker const& asker);

    /// The mail with a code could not be sent: as if it had not been asked for.
    Status take_back(transfer::EnrollRequest const& request, Asker const& asker);

private:
    EnrolmentDesk(std::filesystem::path home, Config const& config, Clock const& clock,
                  Randomness& randomness, BindingBook book);

    /// What the domain of this address lets us do.
    DomainSettings const* settings_of(Address const& address) const;
    Status may_enroll(Address const& address) const;
    Result<Ruling> sign(transfer::EnrollRequest const& request, Asker const& asker,
                        SigningKey const& domain_key);
    Result<Ruling> look_up_signed(transfer::EnrollRequest const& request, Asker const& asker,
                                  std::filesystem::path const& bindings_file) const;
    Result<Ruling> make_code(transfer::EnrollRequest const& request, Asker const& asker);
    Status check_code(transfer::EnrollRequest const& request, Asker const& asker);

    std::filesystem::path home_;
    Config const& config_;
    Clock const& clock_;
    Randomness& randomness_;
    std::mutex guard_;
    BindingBook book_;
};

}  // namespace satchel::node
