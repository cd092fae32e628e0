// Bytes that must not outlive their use: locked in memory where the system lets us, wiped on
// destruction, never printed.
#pragma once

#include <algorithm>
#include <memory>

#include "src/base/bytes.h"
#include "src/base/result.h"

namespace satchel {

/// Wipes so that the compiler can't leave it out.
void wipe(std::span<Byte> bytes);

namespace detail {
/// Zeros. Any thread.
Byte* lock_new(std::size_t size);
/// What lock_new(size) gave.
void wipe_and_free(Byte* bytes, std::size_t size);
}  // namespace detail

/// N secret bytes in locked memory. Moves; copies only by name.
template <std::size_t N>
class Secret {
public:
    Secret()
        : bytes_(detail::lock_new(N)) {}

    explicit Secret(std::span<Byte const, N> from)
        : Secret() {
        std::copy(from.begin(), from.end(), bytes_.get());
    }

    static Result<Secret> from(ByteSpan bytes) {
        if (bytes.size() != N) return fail(Fault::corrupt, "secret of the wrong length");
        return Secret(std::span<Byte const, N>(bytes.data(), N));
    }

    Secret copy() const { return Secret(view()); }

    std::span<Byte const, N> view() const { return std::span<Byte const, N>(bytes_.get(), N); }

    std::span<Byte, N> writable() { return std::span<Byte, N>(bytes_.get(), N); }

private:
    struct Free {
        void operator()(Byte* bytes) const { detail::wipe_and_free(bytes, N); }
    };

    std::unique_ptr<Byte, Free> bytes_;
};

}  // namespace satchel
