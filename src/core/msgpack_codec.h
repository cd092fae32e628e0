// Canonical msgpack: one way to write a value, and a reader that refuses every other way.
// Values are unsigned integers, booleans, UTF-8 text, binary, arrays, and maps whose keys are
// unsigned integers in rising order; shortest heads only. No nil, negatives, floats, extensions.
//
// Writing is a stream of calls; reading makes a tree, from which MsgpackFields takes what the
// caller expects. Both are for any room that has msgpack bodies of its own.
//
//     MsgpackWriter out;
//     out.map(2).key(1).number(size).key(2).text(name);
//     Bytes const body = out.take();
//
//     auto const value = decode_msgpack(body, limits::control_body_bytes);
//     if (!value) return fail(value.error());
//     auto fields = MsgpackFields::of_map(*value);
//     message.size = fields.number(1);
//     if (fields.has(2)) message.name = fields.text(2, 200);
//     if (auto status = fields.status(); !status) return fail(status.error());
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "src/base/bytes.h"
#include "src/base/result.h"

namespace satchel {

class MsgpackWriter {
public:
    MsgpackWriter& number(std::uint64_t value);
    MsgpackWriter& flag(bool value);
    MsgpackWriter& text(std::string_view utf8);  ///< must be UTF-8: see src/core/utf8.h
    MsgpackWriter& binary(ByteSpan bytes);

    /// `elements` values must follow.
    MsgpackWriter& array(std::size_t elements);

    /// `entries` pairs of key() and a value must follow, the keys in rising order.
    MsgpackWriter& map(std::size_t entries);

    MsgpackWriter& key(std::uint64_t value) { return number(value); }

    /// What was written. The writer starts afresh.
    Bytes take() { return std::exchange(bytes_, {}); }

private:
    Bytes bytes_;
};

struct MsgpackEntry;

/// One value, read. Owns its parts.
struct MsgpackValue {
    using Array = std::vector<MsgpackValue>;
    using Map = std::vector<MsgpackEntry>;  ///< keys rising, each once

    std::variant<std::uint64_t, bool, std::string, Bytes, Array, Map> content;
};

struct MsgpackEntry {
    std::uint64_t key = 0;
    MsgpackValue value;
};

inline constexpr std::size_t msgpack_depth = 8;          // arrays and maps in one another
inline constexpr std::size_t msgpack_values_max = 4096;  // in one message, containers included

/// Exactly one value and nothing after it. Fault::too_large: over `max_bytes` or one of the bounds
/// above. Fault::corrupt: truncated, or not what MsgpackWriter would have written.
Result<MsgpackValue> decode_msgpack(ByteSpan bytes, std::size_t max_bytes);

/// Takes expected fields out of an array (by index from 0) or a map (by key). The first thing that
/// is missing, of another type or over its bound stays as `status()`; what is taken after it is
/// empty. Borrows the value: it must live longer.
class MsgpackFields {
public:
    /// An array of exactly `elements`.
    static MsgpackFields of_array(MsgpackValue const& value, std::size_t elements);

    /// A map. Keys that nobody asks for are ignored.
    static MsgpackFields of_map(MsgpackValue const& value);

    bool has(std::uint64_t key) const { return find(key) != nullptr; }

    std::uint64_t number(std::uint64_t key,
                         std::uint64_t max = std::numeric_limits<std::uint64_t>::max());

    std::uint32_t number32(std::uint64_t key) {
        return static_cast<std::uint32_t>(number(key, std::numeric_limits<std::uint32_t>::max()));
    }

    bool flag(std::uint64_t key);
    std::string text(std::uint64_t key, std::size_t max_octets);
    Bytes binary(std::uint64_t key, std::size_t max_bytes);

    /// Binary of exactly N bytes.
    template <std::size_t N>
    std::array<Byte, N> binary_of(std::uint64_t key) {
        std::array<Byte, N> out{};
        copy_exactly(key, out);
        return out;
    }

    /// The elements of an array of at most `max_elements`: none after a failure.
    std::span<MsgpackValue const> array(std::uint64_t key, std::size_t max_elements);

    /// As array(), or none where the key is missing.
    std::span<MsgpackValue const> optional_array(std::uint64_t key, std::size_t max_elements) {
        return has(key) ? array(key, max_elements) : std::span<MsgpackValue const>();
    }

    /// The whole value, for a nested of_array or of_map. Null after a failure.
    MsgpackValue const* value(std::uint64_t key);

    /// Makes `error` this reader's failure if it has none yet: for nested readers and for rules of
    /// the caller.
    void fail_with(Error error);

    Status status() const;

private:
    MsgpackFields() = default;

    MsgpackValue const* find(std::uint64_t key) const;
    template <class T>
    T const* expect(std::uint64_t key, char const* type);
    void copy_exactly(std::uint64_t key, std::span<Byte> out);
    void reject(std::uint64_t key, char const* why);

    MsgpackValue::Array const* array_ = nullptr;
    MsgpackValue::Map const* map_ = nullptr;
    std::optional<Error> failure_;
};

}  // namespace satchel
