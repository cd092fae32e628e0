#include "src/core/identity.h"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/base/atomic_file.h"
#include "src/base/base64.h"
#include "src/base/unique_fd.h"

namespace satchel {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t key_file_octets = 64 * 1024;
constexpr unsigned domain_keys_most = 1'000;  // of one domain, one after another
constexpr std::string_view address_word = "address ";
constexpr std::string_view user_key_word = "user-key ";
constexpr std::size_t addresses_file_octets = 1024 * 1024;

/// Octets of a key file, wiped when they go.
class SecretText {
public:
    SecretText() = default;

    explicit SecretText(std::string text)
        : text_(std::move(text)) {}

    SecretText(SecretText&& other) noexcept
        : text_(std::exchange(other.text_, {})) {}

    SecretText(SecretText const&) = delete;
    SecretText& operator=(SecretText const&) = delete;
    SecretText& operator=(SecretText&&) = delete;

    ~SecretText() { wipe({reinterpret_cast<Byte*>(text_.data()), text_.size()}); }

    std::string_view view() const { return text_; }

private:
    std::string text_;
};

enum class Readers { anybody, owner_alone };

Result<SecretText> read_key_file(fs::path const& file, Readers readers) {
    auto fd = open_file(file.string(), O_RDONLY);
    if (!fd) return fail(fd.error());

    struct stat info {};

    if (::fstat(fd->get(), &info) != 0) return fail(system_error(file.string()));
    if (readers == Readers::owner_alone && (info.st_mode & 077U) != 0) {
        return fail(Fault::config,
                    file.string() + " may be read by others; run: chmod 600 " + file.string());
    }
    // Sized beforehand: a string that grew would leave copies behind.
    std::string text(key_file_octets + 1, '\0');
    auto const size = read_at(fd->get(), {reinterpret_cast<Byte*>(text.data()), text.size()}, 0);
    if (!size) return fail(size.error());
    if (*size > key_file_octets)
        return fail(Fault::too_large, file.string() + " is too large for a key file");
    text.resize(*size);
    return SecretText(std::move(text));
}

std::string_view trimmed(std::string_view line) {
    auto const begin = line.find_first_not_of(" \t\r");
    if (begin == std::string_view::npos) return {};
    return line.substr(begin, line.find_last_not_of(" \t\r") - begin + 1);
}

/// Calls `take(line, number)` for each line that is neither empty nor a comment, until it fails.
template <class Take>
Status each_line(std::string_view text, Take take) {
    for (std::size_t number = 1; !text.empty(); ++number) {
        auto const end = text.find('\n');
        auto const line = trimmed(text.substr(0, end));
        text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
        if (line.empty() || line.starts_with('#')) continue;
        if (Status taken = take(line, number); !taken) return taken;
    }
    return {};
}

std::string at_line(fs::path const& file, std::size_t number) {
    return file.string() + ':' + std::to_string(number) + ": ";
}

Status write_key_file(fs::path const& file, std::string_view text) {
    auto draft = AtomicFile::create(file);
    if (!draft) return fail(draft.error());
    if (auto written = draft->write(bytes_of(text)); !written) return written;
    return draft->commit_new();
}

Status write_signing_key(fs::path const& file, SigningKey const& key) {
    SecretText const text(to_base64(key.seed()) + '\n');
    return write_key_file(file, text.view());
}

/// From the base64 of its seed.
Result<SigningKey> signing_key_of(std::string_view text) {
    auto bytes = from_base64(text);
    if (!bytes || bytes->size() != 32) {
        if (bytes) wipe(*bytes);
        return fail(Fault::corrupt, "not the 44 base64 characters of a key");
    }
    auto seed = Secret<32>::from(*bytes);
    wipe(*bytes);
    if (!seed) return fail(seed.error());
    return SigningKey::from_seed(std::move(*seed));
}

Result<SigningKey> read_signing_key(fs::path const& file) {
    auto const text = read_key_file(file, Readers::owner_alone);
    if (!text) return fail(text.error());
    auto key = signing_key_of(trimmed(text->view().substr(0, text->view().find('\n'))));
    if (!key) return fail(Fault::config, file.string() + " is damaged: " + key.error().what);
    return key;
}

std::string age_file_text(std::vector<AgeIdentity> const& identities) {
    std::string text = "# age identities of this home, the current one first. Keep them secret.\n";
    for (AgeIdentity const& identity : identities) {
        std::string secret = identity.to_secret_string();
        text += "# public key: " + identity.recipient().to_string() + '\n';
        text += secret + '\n';
        wipe({reinterpret_cast<Byte*>(secret.data()), secret.size()});
    }
    return text;
}

Result<std::vector<AgeIdentity>> read_age_file(fs::path const& file, Readers readers) {
    auto const text = read_key_file(file, readers);
    if (!text) return fail(text.error());
    std::vector<AgeIdentity> identities;
    auto read = each_line(text->view(), [&](std::string_view line, std::size_t number) -> Status {
        auto identity = AgeIdentity::parse(line);
        if (!identity) {
            // Not the parser's words: they might quote what was read.
            return fail(Fault::corrupt, at_line(file, number) + "not an AGE-SECRET-KEY-1… line");
        }
        identities.push_back(std::move(*identity));
        return {};
    });
    if (!read) return fail(read.error());
    if (identities.empty()) return fail(Fault::corrupt, file.string() + " holds no age identity");
    return identities;
}

Result<std::vector<Address>> read_addresses(fs::path const& file) {
    auto const bytes = read_whole_file(file, addresses_file_octets);
    if (!bytes) return fail(bytes.error());
    std::vector<Address> addresses;
    auto read =
        each_line(text_of(*bytes), [&](std::string_view line, std::size_t number) -> Status {
            auto address = Address::parse(line);
            if (!address) return fail(Fault::config, at_line(file, number) + address.error().what);
            addresses.push_back(std::move(*address));
            return {};
        });
    if (!read) return fail(read.error());
    return addresses;
}

fs::path keys_aside_folder(fs::path const& home, int number) {
    return home / ("keys.old-" + std::to_string(number));
}

fs::path keys_folder(fs::path const& home) {
    return home / "keys";
}

Status make_private_folder(fs::path const& folder) {
    std::error_code error;
    bool const made = fs::create_directories(folder, error);
    if (!error && made) fs::permissions(folder, fs::perms::owner_all, error);
    if (error) return fail(Fault::io, folder.string() + ": " + error.message());
    return {};
}

/// In a home that has some keys, another one missing is damage.
template <class T>
Result<T> damage_if_missing(Result<T> key) {
    if (key || (key.error().fault != Fault::not_found && key.error().fault != Fault::corrupt))
        return key;
    return fail(Fault::config, "this home is damaged: " + key.error().what);
}

Result<fs::path> domain_key_file(std::string const& domain, fs::path const& home) {
    auto const normal = normal_domain(domain);
    if (!normal) return fail(normal.error());
    return keys_folder(home) / "domain" / (*normal + ".key");
}

fs::path old_domain_key_file(fs::path const& current, unsigned number) {
    return current.string() + ".old-" + std::to_string(number);
}

}  // namespace

Identity generate_identity(std::vector<Address> addresses, Randomness& randomness) {
    SigningKey user_key = SigningKey::generate(randomness);
    std::vector<AgeIdentity> age;
    age.push_back(AgeIdentity::generate(randomness));
    return {std::move(addresses), std::move(user_key), std::move(age),
            SigningKey::generate(randomness)};
}

std::string user_keys_text(Identity const& identity) {
    std::string addresses;
    for (Address const& address : identity.addresses)
        addresses.append(address_word).append(address.text()) += '\n';
    SecretText const seed(to_base64(identity.user_key.seed()));
    SecretText const age(age_file_text(identity.age));
    std::string text = "# satchel user keys 1. Keep them secret.\n" + addresses;
    // Sized before the secrets come: what grew would leave copies behind.
    text.reserve(text.size() + user_key_word.size() + seed.view().size() + 1 + age.view().size());
    text.append(user_key_word).append(seed.view()) += '\n';
    text += age.view();
    return text;
}

Result<Identity> identity_from_user_keys(ByteSpan text, Randomness& randomness) {
    std::vector<Address> addresses;
    std::optional<SigningKey> user_key;
    std::vector<AgeIdentity> age;
    auto const damaged = [](std::size_t number) {
        // Not the line's own words: they may be a secret.
        return fail(Fault::corrupt, "user keys: line " + std::to_string(number) + " is damaged");
    };
    auto const take = [&](std::string_view line, std::size_t number) -> Status {
        if (line.starts_with(address_word)) {
            auto address = Address::parse(line.substr(address_word.size()));
            if (!address) return damaged(number);
            addresses.push_back(std::move(*address));
        } else if (line.starts_with(user_key_word) && !user_key) {
            auto key = signing_key_of(line.substr(user_key_word.size()));
            if (!key) return damaged(number);
            user_key.emplace(std::move(*key));
        } else {
            auto identity = AgeIdentity::parse(line);
            if (!identity) return damaged(number);
            age.push_back(std::move(*identity));
        }
        return {};
    };
    if (auto read = each_line(text_of(text), take); !read) return fail(read.error());
    if (!user_key || age.empty()) return fail(Fault::corrupt, "this holds no user keys");
    return Identity{std::move(addresses), std::move(*user_key), std::move(age),
                    SigningKey::generate(randomness)};
}

Status save_identity(Identity const& identity, fs::path const& home) {
    fs::path const folder = keys_folder(home);
    for (char const* name : {"user.key", "node.key", "age.key"}) {
        std::error_code error;
        if (fs::exists(fs::symlink_status(folder / name, error)))
            return fail(Fault::refused, "this home has keys already (" + (folder / name).string() +
                                            "): `satchel id` shows them, --force sets them aside");
    }
    if (auto made = make_private_folder(folder); !made) return made;
    if (auto saved = save_addresses(identity.addresses, home); !saved) return saved;
    SecretText const age(age_file_text(identity.age));
    if (auto saved = write_key_file(folder / "age.key", age.view()); !saved) return saved;
    if (auto saved = write_signing_key(folder / "node.key", identity.node_key); !saved)
        return saved;
    // Last: a home without a user key is one whose `init` was interrupted.
    return write_signing_key(folder / "user.key", identity.user_key);
}

Status set_keys_aside(fs::path const& home) {
    if (!fs::exists(keys_folder(home))) return {};
    for (int n = 1;; ++n) {
        auto const aside = keys_aside_folder(home, n);
        if (fs::exists(aside)) continue;
        std::error_code failed;
        fs::rename(keys_folder(home), aside, failed);
        if (failed) return fail(Fault::io, keys_folder(home).string() + ": " + failed.message());
        return {};
    }
}

std::vector<SigningKey> old_user_keys(fs::path const& home, std::size_t max) {
    int last = 0;
    while (fs::exists(keys_aside_folder(home, last + 1)))
        ++last;
    std::vector<SigningKey> keys;
    for (int n = last; n >= 1 && keys.size() < max; --n) {
        auto key = read_signing_key(keys_aside_folder(home, n) / "user.key");
        if (key) keys.push_back(std::move(*key));
    }
    return keys;
}

Result<Identity> load_identity(fs::path const& home) {
    fs::path const folder = keys_folder(home);
    auto user_key = read_signing_key(folder / "user.key");
    if (!user_key && user_key.error().fault == Fault::not_found)
        return fail(Fault::not_found, "no keys in " + folder.string() + "; run: satchel --home " +
                                          home.string() + " init");
    if (!user_key) return fail(user_key.error());
    auto node_key = damage_if_missing(read_signing_key(folder / "node.key"));
    if (!node_key) return fail(node_key.error());
    auto age = damage_if_missing(read_age_file(folder / "age.key", Readers::owner_alone));
    if (!age) return fail(age.error());
    auto addresses = damage_if_missing(read_addresses(folder / "addresses"));
    if (!addresses) return fail(addresses.error());
    return Identity{std::move(*addresses), std::move(*user_key), std::move(*age),
                    std::move(*node_key)};
}

Status save_addresses(std::vector<Address> const& addresses, fs::path const& home) {
    if (auto made = make_private_folder(keys_folder(home)); !made) return made;
    std::string text;
    for (Address const& address : addresses)
        text += address.text() + '\n';
    return write_atomically(keys_folder(home) / "addresses", bytes_of(text));
}

Result<std::vector<AgeIdentity>> load_age_identities(fs::path const& file) {
    return read_age_file(file, Readers::anybody);
}

Status save_domain_key(SigningKey const& key, std::string const& domain, fs::path const& home) {
    auto const file = domain_key_file(domain, home);
    if (!file) return fail(file.error());
    if (auto made = make_private_folder(keys_folder(home)); !made) return made;
    if (auto made = make_private_folder(file->parent_path()); !made) return made;
    return write_signing_key(*file, key);
}

Result<SigningKey> load_domain_key(std::string const& domain, fs::path const& home) {
    auto const file = domain_key_file(domain, home);
    if (!file) return fail(file.error());
    auto key = read_signing_key(*file);
    if (!key && key.error().fault == Fault::not_found) {
        return fail(Fault::not_found, "no key of " + domain + " in " +
                                          file->parent_path().string() + "; run: satchel --home " +
                                          home.string() + " domain init " + domain);
    }
    return key;
}

Status replace_domain_key(SigningKey const& key, std::string const& domain, fs::path const& home) {
    auto const file = domain_key_file(domain, home);
    if (!file) return fail(file.error());
    if (auto const current = load_domain_key(domain, home); !current) return fail(current.error());
    // A second name first: at no instant is a key without one.
    int error = EEXIST;
    for (unsigned number = 1; error == EEXIST && number <= domain_keys_most; ++number) {
        auto const aside = old_domain_key_file(*file, number);
        error = ::link(file->c_str(), aside.c_str()) == 0 ? 0 : errno;
    }
    if (error != 0)
        return fail(Fault::io, file->string() + ": " + std::generic_category().message(error));
    SecretText const text(to_base64(key.seed()) + '\n');
    return write_atomically(*file, bytes_of(text.view()));
}

Result<std::vector<SigningKey>> load_domain_keys(std::string const& domain, fs::path const& home) {
    auto current = load_domain_key(domain, home);
    if (!current) return fail(current.error());
    auto const file = domain_key_file(domain, home);
    if (!file) return fail(file.error());
    std::vector<SigningKey> keys;
    for (unsigned number = 1; number <= domain_keys_most; ++number) {
        auto key = read_signing_key(old_domain_key_file(*file, number));
        if (!key && key.error().fault == Fault::not_found) break;
        if (!key) return fail(key.error());
        // A replacement that was interrupted leaves two names for one key.
        std::erase_if(keys,
                      [&](SigningKey const& k) { return k.public_key() == key->public_key(); });
        if (key->public_key() != current->public_key()) keys.push_back(std::move(*key));
    }
    keys.push_back(std::move(*current));
    std::reverse(keys.begin(), keys.end());
    return keys;
}

}  // namespace satchel
