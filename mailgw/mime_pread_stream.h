// A GMime stream over a borrowed descriptor that never moves the file's own position, so several
// threads may read one open file.
#pragma once

#include <gmime/gmime.h>

namespace satchel::mailgw {

/// The whole file. The caller owns the reference; `fd` must stay open as long as the stream and
/// its substreams.
GMimeStream* new_pread_stream(int fd);

}  // namespace satchel::mailgw
