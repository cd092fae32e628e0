// Deflate (RFC 1950, zlib format) as a stream, for encoded text that is kept verbatim.
#pragma once

#include <cstdint>
#include <memory>

#include "src/base/bytes.h"
#include "src/base/result.h"

namespace satchel {

class Deflater {
public:
    Deflater();
    ~Deflater();

    /// Appends to `out` what is ready. `last` ends the stream: nothing may follow.
    void write(ByteSpan more, bool last, Bytes& out);

private:
    struct State;
    std::unique_ptr<State> state_;
};

class Inflater {
public:
    Inflater();
    ~Inflater();

    /// Appends at most `max_out` bytes. Fault::corrupt for bad data or bytes after the end,
    /// Fault::too_large beyond the bound: a small bomb must not become a large one.
    Status write(ByteSpan more, Bytes& out, std::size_t max_out);

    /// Has the stream come to its end?
    bool ended() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace satchel
