#include "src/core/msgpack_codec.h"

#include <algorithm>

#define MSGPACK_NO_BOOST
#include <msgpack.hpp>

#include "src/core/utf8.h"

namespace satchel {

namespace {

/// What msgpack::packer writes to.
class Sink {
public:
    explicit Sink(Bytes& bytes)
        : bytes_(bytes) {}

    void write(char const* data, std::size_t size) {
        append(bytes_, bytes_of(std::string_view(data, size)));
    }

private:
    Bytes& bytes_;
};

std::uint32_t head_length(std::size_t length) {
    return static_cast<std::uint32_t>(length);  // every message is bounded far below 4 GiB
}

/// Builds the tree from msgpack::parse, and stops it at the first value that we don't write.
/// Method names and signatures are msgpack's visitor concept.
class TreeBuilder : public msgpack::null_visitor {
public:
    explicit TreeBuilder(std::size_t message_bytes)
        : message_bytes_(message_bytes) {}

    MsgpackValue& root() { return root_; }

    bool too_large() const { return too_large_; }

    bool visit_nil() { return false; }

    bool visit_boolean(bool v) { return put({v}); }

    bool visit_positive_integer(std::uint64_t v) { return put({v}); }

    bool visit_negative_integer(std::int64_t) { return false; }

    bool visit_float32(float) { return false; }

    bool visit_float64(double) { return false; }

    bool visit_ext(char const*, std::uint32_t) { return false; }

    bool visit_str(char const* v, std::uint32_t size) {
        std::string_view const text(v, size);
        return is_utf8(text) && put({std::string(text)});
    }

    bool visit_bin(char const* v, std::uint32_t size) {
        return put({copy_of(bytes_of(std::string_view(v, size)))});
    }

    bool start_array(std::uint32_t elements) {
        return fits(elements) && open({MsgpackValue::Array{}});
    }

    bool end_array() { return close(); }

    bool start_map(std::uint32_t entries) { return fits(entries) && open({MsgpackValue::Map{}}); }

    bool start_map_key() {
        key_next_ = true;
        return true;
    }

    bool end_map() { return close(); }

    void parse_error(std::size_t, std::size_t) {}

    void insufficient_bytes(std::size_t, std::size_t) {}

private:
    /// A container can't have more parts than the message has bytes: never trust its head.
    bool fits(std::uint32_t parts) const { return parts <= message_bytes_; }

    bool put_key(MsgpackValue const& value) {
        auto const* const key = std::get_if<std::uint64_t>(&value.content);
        auto* const map = std::get_if<MsgpackValue::Map>(&open_.back()->content);
        if (key == nullptr || map == nullptr) return false;
        if (!map->empty() && map->back().key >= *key) return false;
        map->push_back({*key, {}});
        key_next_ = false;
        return true;
    }

    /// Where a finished value belongs.
    MsgpackValue* place() {
        if (open_.empty()) return &root_;
        if (auto* const array = std::get_if<MsgpackValue::Array>(&open_.back()->content))
            return &array->emplace_back();
        return &std::get<MsgpackValue::Map>(open_.back()->content).back().value;
    }

    MsgpackValue* store(MsgpackValue value) {
        if (++values_ > msgpack_values_max) {
            too_large_ = true;
            return nullptr;
        }
        MsgpackValue* const where = place();
        *where = std::move(value);
        return where;
    }

    bool put(MsgpackValue value) {
        if (key_next_) return put_key(value);
        return store(std::move(value)) != nullptr;
    }

    bool open(MsgpackValue container) {
        if (key_next_) return false;
        if (open_.size() == msgpack_depth) {
            too_large_ = true;
            return false;
        }
        MsgpackValue* const where = store(std::move(container));
        if (where == nullptr) return false;
        open_.push_back(where);
        return true;
    }

    bool close() {
        open_.pop_back();
        return true;
    }

    std::size_t message_bytes_;
    std::size_t values_ = 0;
    bool too_large_ = false;
    bool key_next_ = false;
    MsgpackValue root_;
    std::vector<MsgpackValue*>
        open_;  ///< stable: a parent's parts don't move while a child is open
};

void write(MsgpackWriter& out, MsgpackValue const& value);

void write(MsgpackWriter& out, MsgpackValue::Array const& array) {
    out.array(array.size());
    for (MsgpackValue const& element : array)
        write(out, element);
}

void write(MsgpackWriter& out, MsgpackValue::Map const& map) {
    out.map(map.size());
    for (MsgpackEntry const& entry : map) {
        out.key(entry.key);
        write(out, entry.value);
    }
}

void write(MsgpackWriter& out, MsgpackValue const& value) {
    struct {
        MsgpackWriter& out;

        void operator()(std::uint64_t v) const { out.number(v); }

        void operator()(bool v) const { out.flag(v); }

        void operator()(std::string const& v) const { out.text(v); }

        void operator()(Bytes const& v) const { out.binary(v); }

        void operator()(MsgpackValue::Array const& v) const { write(out, v); }

        void operator()(MsgpackValue::Map const& v) const { write(out, v); }
    } const visitor{out};

    std::visit(visitor, value.content);
}

}  // namespace

MsgpackWriter& MsgpackWriter::number(std::uint64_t value) {
    Sink sink(bytes_);
    msgpack::packer<Sink>(sink).pack_uint64(value);
    return *this;
}

MsgpackWriter& MsgpackWriter::flag(bool value) {
    Sink sink(bytes_);
    msgpack::packer<Sink> packer(sink);
    value ? packer.pack_true() : packer.pack_false();
    return *this;
}

MsgpackWriter& MsgpackWriter::text(std::string_view utf8) {
    Sink sink(bytes_);
    msgpack::packer<Sink>(sink).pack_str(head_length(utf8.size()));
    append(bytes_, bytes_of(utf8));
    return *this;
}

MsgpackWriter& MsgpackWriter::binary(ByteSpan bytes) {
    Sink sink(bytes_);
    msgpack::packer<Sink>(sink).pack_bin(head_length(bytes.size()));
    append(bytes_, bytes);
    return *this;
}

MsgpackWriter& MsgpackWriter::array(std::size_t elements) {
    Sink sink(bytes_);
    msgpack::packer<Sink>(sink).pack_array(head_length(elements));
    return *this;
}

MsgpackWriter& MsgpackWriter::map(std::size_t entries) {
    Sink sink(bytes_);
    msgpack::packer<Sink>(sink).pack_map(head_length(entries));
    return *this;
}

Result<MsgpackValue> decode_msgpack(ByteSpan bytes, std::size_t max_bytes) {
    if (bytes.size() > max_bytes) return fail(Fault::too_large, "msgpack over its bound");
    TreeBuilder builder(bytes.size());
    std::size_t end = 0;
    try {
        std::string_view const text = text_of(bytes);
        if (!msgpack::parse(text.data(), text.size(), end, builder))
            return builder.too_large() ? fail(Fault::too_large, "msgpack over its bounds")
                                       : fail(Fault::corrupt, "msgpack that we would not write");
    } catch (std::exception const&) {  // msgpack's own size errors
        return fail(Fault::corrupt, "msgpack that cannot be read");
    }
    // Long heads for small numbers and lengths, and trailing bytes, come out as a difference.
    MsgpackWriter again;
    write(again, builder.root());
    if (Bytes const canonical = again.take(); !std::ranges::equal(canonical, bytes))
        return fail(Fault::corrupt, "msgpack that is not canonical");
    return std::move(builder.root());
}

MsgpackFields MsgpackFields::of_array(MsgpackValue const& value, std::size_t elements) {
    MsgpackFields fields;
    fields.array_ = std::get_if<MsgpackValue::Array>(&value.content);
    if (fields.array_ == nullptr || fields.array_->size() != elements) {
        fields.array_ = nullptr;
        fields.fail_with({Fault::corrupt, "not an array of " + std::to_string(elements)});
    }
    return fields;
}

MsgpackFields MsgpackFields::of_map(MsgpackValue const& value) {
    MsgpackFields fields;
    fields.map_ = std::get_if<MsgpackValue::Map>(&value.content);
    if (fields.map_ == nullptr) fields.fail_with({Fault::corrupt, "not a map"});
    return fields;
}

MsgpackValue const* MsgpackFields::find(std::uint64_t key) const {
    if (array_ != nullptr) return key < array_->size() ? &(*array_)[key] : nullptr;
    if (map_ == nullptr) return nullptr;
    auto const found = std::ranges::lower_bound(*map_, key, {}, &MsgpackEntry::key);
    return found != map_->end() && found->key == key ? &found->value : nullptr;
}

template <class T>
T const* MsgpackFields::expect(std::uint64_t key, char const* type) {
    MsgpackValue const* const found = value(key);
    if (found == nullptr) return nullptr;
    T const* const typed = std::get_if<T>(&found->content);
    if (typed == nullptr) reject(key, type);
    return failure_ ? nullptr : typed;
}

std::uint64_t MsgpackFields::number(std::uint64_t key, std::uint64_t max) {
    auto const* const found = expect<std::uint64_t>(key, "is not a number");
    if (found == nullptr) return 0;
    if (*found > max) {
        reject(key, "is over its bound");
        return 0;
    }
    return *found;
}

bool MsgpackFields::flag(std::uint64_t key) {
    auto const* const found = expect<bool>(key, "is not a boolean");
    return found != nullptr && *found;
}

std::string MsgpackFields::text(std::uint64_t key, std::size_t max_octets) {
    auto const* const found = expect<std::string>(key, "is not text");
    if (found == nullptr) return {};
    if (found->size() > max_octets) {
        reject(key, "is over its bound");
        return {};
    }
    return *found;
}

Bytes MsgpackFields::binary(std::uint64_t key, std::size_t max_bytes) {
    auto const* const found = expect<Bytes>(key, "is not binary");
    if (found == nullptr) return {};
    if (found->size() > max_bytes) {
        reject(key, "is over its bound");
        return {};
    }
    return *found;
}

void MsgpackFields::copy_exactly(std::uint64_t key, std::span<Byte> out) {
    auto const* const found = expect<Bytes>(key, "is not binary");
    if (found == nullptr) return;
    if (found->size() != out.size()) return reject(key, "has the wrong length");
    std::ranges::copy(*found, out.begin());
}

std::span<MsgpackValue const> MsgpackFields::array(std::uint64_t key, std::size_t max_elements) {
    auto const* const found = expect<MsgpackValue::Array>(key, "is not an array");
    if (found == nullptr) return {};
    if (found->size() > max_elements) {
        reject(key, "is over its bound");
        return {};
    }
    return *found;
}

MsgpackValue const* MsgpackFields::value(std::uint64_t key) {
    if (failure_) return nullptr;
    MsgpackValue const* const found = find(key);
    if (found == nullptr) reject(key, "is missing");
    return found;
}

void MsgpackFields::reject(std::uint64_t key, char const* why) {
    fail_with({Fault::corrupt, "field " + std::to_string(key) + " " + why});
}

void MsgpackFields::fail_with(Error error) {
    if (!failure_) failure_ = std::move(error);
}

Status MsgpackFields::status() const {
    if (failure_) return fail(*failure_);
    return {};
}

}  // namespace satchel
