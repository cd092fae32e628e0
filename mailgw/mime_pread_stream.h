// A GMime stream over a borrowed descriptor that never moves the file's own position, so several
// threads may read one open file.
#pragma once

#include <gmime/gmime.h>

#include "mailgw/file_gaps.h"

namespace satchel::mailgw {

/// The whole file without `gaps`. The caller owns the reference; `fd` must stay open, and `gaps`
/// live, as long as the stream and its substreams.
GMimeStream* new_pread_stream(int fd, FileGaps const& gaps);

}  // namespace satchel::mailgw
