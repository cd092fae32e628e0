#include "mailgw/hop_login.h"

#include <algorithm>
#include <cstdlib>

#include <fcntl.h>
#include <sys/stat.h>

#include "src/base/base64.h"
#include "src/base/unique_fd.h"

namespace satchel::mailgw {

namespace {

constexpr char const* variable = "SATCHEL_NEXT_HOP_PASSWORD";
constexpr std::size_t password_octets = 1024;

auto bad_file(HopLogin const& login, std::string const& why) {
    return fail(Fault::config,
                "gateway.next_hop_password_file: " + login.password_file.string() + ": " + why);
}

Result<SecretText> checked(ByteSpan octets, std::string const& where) {
    if (!octets.empty() && octets.back() == '\n') octets = octets.first(octets.size() - 1);
    if (!octets.empty() && octets.back() == '\r') octets = octets.first(octets.size() - 1);
    bool const text = std::none_of(octets.begin(), octets.end(),
                                   [](Byte b) { return b == 0 || b == '\n' || b == '\r'; });
    SecretText password;
    bool const fits = octets.size() <= password_octets && password.append(octets);
    if (octets.empty() || !text || !fits) {
        return fail(Fault::config, where + ": one line with a password of at most " +
                                       std::to_string(password_octets) + " octets is wanted");
    }
    return password;
}

}  // namespace

bool SecretText::append(ByteSpan more) {
    if (more.size() > octets_max - size_) return false;
    std::copy(more.begin(), more.end(), octets_.writable().begin() + static_cast<long>(size_));
    size_ += more.size();
    return true;
}

Result<SecretText> SecretText::in_base64() const {
    auto text = to_base64(view());
    SecretText out;
    bool const taken = out.append(text);
    wipe(std::span<Byte>(reinterpret_cast<Byte*>(text.data()), text.size()));
    if (!taken) return fail(Fault::too_large, "secret too long for base64");
    return out;
}

Result<SecretText> load_password(HopLogin const& login) {
    if (login.password_file.empty()) {
        char const* const password = std::getenv(variable);
        if (password == nullptr) {
            return fail(Fault::config, std::string("gateway.next_hop_user needs a password: "
                                                   "gateway.next_hop_password_file, or ") +
                                           variable + " in the environment");
        }
        return checked(bytes_of(password), variable);
    }
    auto const file = open_file(login.password_file.string(), O_RDONLY);
    if (!file) return bad_file(login, file.error().what);

    struct stat facts {};

    if (::fstat(file->get(), &facts) != 0 || !S_ISREG(facts.st_mode)) {
        return bad_file(login, "not a file");
    }
    if ((facts.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        return bad_file(login, "others than its owner have access to it; chmod 600 it");
    }
    Secret<password_octets + 3> octets;  // with a line end, and one to see that it is too long
    auto const count = read_at(file->get(), octets.writable(), 0);
    if (!count) return bad_file(login, count.error().what);
    return checked(ByteSpan(octets.view()).first(*count),
                   "gateway.next_hop_password_file: " + login.password_file.string());
}

}  // namespace satchel::mailgw
