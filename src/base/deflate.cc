#include "src/base/deflate.h"

#include <array>
#include <new>

#include <zlib.h>

namespace satchel {

namespace {

constexpr std::size_t buffer_bytes = 64 * 1024;

void feed(z_stream& stream, ByteSpan more) {
    // zlib only reads through next_in.
    stream.next_in = const_cast<Bytef*>(more.data());
    stream.avail_in = static_cast<uInt>(more.size());
}

}  // namespace

struct Deflater::State {
    z_stream stream{};

    State() {
        if (deflateInit(&stream, Z_DEFAULT_COMPRESSION) != Z_OK) throw std::bad_alloc();
    }

    State(State const&) = delete;
    State& operator=(State const&) = delete;

    ~State() { deflateEnd(&stream); }
};

Deflater::Deflater()
    : state_(std::make_unique<State>()) {}

Deflater::~Deflater() = default;

void Deflater::write(ByteSpan more, bool last, Bytes& out) {
    z_stream& stream = state_->stream;
    feed(stream, more);
    std::array<Byte, buffer_bytes> buffer{};
    do {
        stream.next_out = buffer.data();
        stream.avail_out = buffer.size();
        deflate(&stream, last ? Z_FINISH : Z_NO_FLUSH);
        append(out, ByteSpan(buffer).first(buffer.size() - stream.avail_out));
    } while (stream.avail_out == 0);
}

struct Inflater::State {
    z_stream stream{};
    bool ended = false;

    State() {
        if (inflateInit(&stream) != Z_OK) throw std::bad_alloc();
    }

    State(State const&) = delete;
    State& operator=(State const&) = delete;

    ~State() { inflateEnd(&stream); }
};

Inflater::Inflater()
    : state_(std::make_unique<State>()) {}

Inflater::~Inflater() = default;

bool Inflater::ended() const {
    return state_->ended;
}

Status Inflater::write(ByteSpan more, Bytes& out, std::size_t max_out) {
    if (more.empty()) return {};
    if (state_->ended) return fail(Fault::corrupt, "data after the end of deflated data");
    z_stream& stream = state_->stream;
    feed(stream, more);
    std::array<Byte, buffer_bytes> buffer{};
    std::size_t written = 0;
    do {
        stream.next_out = buffer.data();
        stream.avail_out = buffer.size();
        int const code = inflate(&stream, Z_NO_FLUSH);
        std::size_t const got = buffer.size() - stream.avail_out;
        if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR) {
            return fail(Fault::corrupt, "not deflated data");
        }
        written += got;
        if (written > max_out) return fail(Fault::too_large, "inflates beyond its bound");
        append(out, ByteSpan(buffer).first(got));
        if (code == Z_STREAM_END) {
            state_->ended = true;
            if (stream.avail_in != 0) {
                return fail(Fault::corrupt, "data after the end of deflated data");
            }
            return {};
        }
    } while (stream.avail_out == 0 || stream.avail_in != 0);
    return {};
}

}  // namespace satchel
