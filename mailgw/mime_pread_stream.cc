#include "mailgw/mime_pread_stream.h"

#include <algorithm>
#include <cerrno>

#include "src/base/unique_fd.h"

namespace satchel::mailgw {

namespace {

struct PreadStream {
    GMimeStream parent;
    int fd;
    FileGaps const* gaps;
    gboolean eos;
};

struct PreadStreamClass {
    GMimeStreamClass parent;
};

PreadStream* self(GMimeStream* stream) {
    return reinterpret_cast<PreadStream*>(stream);
}

GType stream_type();

GMimeStream* create(int fd, FileGaps const* gaps, gint64 start, gint64 end) {
    auto* const stream = static_cast<PreadStream*>(g_object_new(stream_type(), nullptr));
    stream->fd = fd;
    stream->gaps = gaps;
    g_mime_stream_construct(&stream->parent, start, end);
    return &stream->parent;
}

ssize_t stream_read(GMimeStream* stream, char* to, std::size_t size) {
    if (stream->bound_end != -1) {
        if (stream->position >= stream->bound_end) return -1;
        size = std::min(size, static_cast<std::size_t>(stream->bound_end - stream->position));
    }
    std::span const out(reinterpret_cast<Byte*>(to), size);
    auto const got = self(stream)->gaps->read(self(stream)->fd, out,
                                              static_cast<std::uint64_t>(stream->position));
    if (!got) return -1;
    stream->position += static_cast<gint64>(*got);
    if (*got == 0) self(stream)->eos = TRUE;
    return static_cast<ssize_t>(*got);
}

ssize_t stream_write(GMimeStream* /*stream*/, char const* /*from*/, std::size_t /*size*/) {
    errno = EBADF;
    return -1;
}

int stream_flush(GMimeStream* /*stream*/) {
    return 0;
}

int stream_close(GMimeStream* /*stream*/) {
    return 0;  // borrowed
}

gboolean stream_eos(GMimeStream* stream) {
    return self(stream)->eos;
}

int stream_reset(GMimeStream* stream) {
    stream->position = stream->bound_start;
    self(stream)->eos = FALSE;
    return 0;
}

gint64 file_end(GMimeStream* stream) {
    if (stream->bound_end != -1) return stream->bound_end;

    auto const size = file_size(self(stream)->fd);
    return size ? static_cast<gint64>(*size - self(stream)->gaps->bytes()) : -1;
}

gint64 stream_seek(GMimeStream* stream, gint64 offset, GMimeSeekWhence whence) {
    gint64 const from = whence == GMIME_STREAM_SEEK_SET   ? 0
                        : whence == GMIME_STREAM_SEEK_CUR ? stream->position
                                                          : file_end(stream);
    gint64 target = std::max(from + offset, stream->bound_start);
    if (stream->bound_end != -1) target = std::min(target, stream->bound_end);
    if (target != stream->position) self(stream)->eos = FALSE;
    stream->position = target;
    return target;
}

gint64 stream_tell(GMimeStream* stream) {
    return stream->position;
}

gint64 stream_length(GMimeStream* stream) {
    gint64 const end = file_end(stream);
    return end < stream->bound_start ? -1 : end - stream->bound_start;
}

GMimeStream* stream_substream(GMimeStream* stream, gint64 start, gint64 end) {
    return create(self(stream)->fd, self(stream)->gaps, start, end);
}

void stream_class_init(gpointer klass, gpointer /*data*/) {
    auto* const methods = static_cast<GMimeStreamClass*>(klass);
    methods->read = stream_read;
    methods->write = stream_write;
    methods->flush = stream_flush;
    methods->close = stream_close;
    methods->eos = stream_eos;
    methods->reset = stream_reset;
    methods->seek = stream_seek;
    methods->tell = stream_tell;
    methods->length = stream_length;
    methods->substream = stream_substream;
}

GType stream_type() {
    static GType const type = g_type_register_static_simple(
        g_mime_stream_get_type(), "SatchelPreadStream", sizeof(PreadStreamClass), stream_class_init,
        sizeof(PreadStream), nullptr, static_cast<GTypeFlags>(0));
    return type;
}

}  // namespace

GMimeStream* new_pread_stream(int fd, FileGaps const& gaps) {
    return create(fd, &gaps, 0, -1);
}

}  // namespace satchel::mailgw
