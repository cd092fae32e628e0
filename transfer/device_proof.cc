#include "transfer/device_proof.h"

#include <algorithm>

#include "src/base/base64.h"

namespace satchel::transfer {
namespace {

constexpr std::string_view signed_as = "satchel-device-v1";

}  // namespace

std::string make_device_proof(SigningKey const& user_key, std::array<Byte, 32> const& exporter) {
    Signature const signature = user_key.sign(signed_as, exporter);
    return user_key.public_key().to_base64() + " " + to_base64(signature);
}

Result<UserKey> check_device_proof(std::string_view header, std::array<Byte, 32> const& exporter) {
    auto const blank = header.find(' ');
    if (blank == std::string_view::npos) {
        return fail(Fault::usage, "Satchel-Device: key and signature");
    }
    auto const key = UserKey::parse(header.substr(0, blank));
    if (!key) return fail(key.error());
    auto const bytes = from_base64(header.substr(blank + 1));
    if (!bytes) return fail(bytes.error());
    Signature signature{};
    if (bytes->size() != signature.size()) return fail(Fault::usage, "not a signature");
    std::copy(bytes->begin(), bytes->end(), signature.begin());
    if (!verify_signature(*key, signed_as, exporter, signature)) {
        return fail(Fault::untrusted, "the device's signature is not for this connection");
    }
    return *key;
}

}  // namespace satchel::transfer
