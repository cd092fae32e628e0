// AES-128 in counter mode, four blocks in each of the processor's widest registers and eight of
// those at once: OpenSSL 3.0 works on one block in each, and takes more than twice as long.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include "src/base/bytes.h"

namespace satchel::transfer {

/// NIST SP 800-38A §6.5, from a counter of zero, in whatever parts.
class WideAesCounter {
public:
    /// None where the processor can't (VAES).
    static std::unique_ptr<WideAesCounter> with_key(std::span<Byte const, 16> key);

    WideAesCounter(WideAesCounter const&) = delete;
    WideAesCounter& operator=(WideAesCounter const&) = delete;
    ~WideAesCounter();

    /// Goes on where the last call ended. `out` has as many bytes as `in`, and may be the same.
    void apply(ByteSpan in, std::span<Byte> out);

private:
    WideAesCounter() = default;

    static constexpr std::size_t rounds = 10;  ///< FIPS 197 §5

    std::array<Byte, (rounds + 1) * 16> round_keys_{};
    [[maybe_unused]] std::uint64_t done_bytes_ = 0;
};

}  // namespace satchel::transfer
