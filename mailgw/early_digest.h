// What scanning a message takes from all of its bytes, taken while they still arrive: its boundary
// lines, its digest, and of each part what part_digest.h would say of it as a candidate. Which
// parts are candidates, only the whole message tells: what was read for nothing is thrown away.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "mailgw/boundary_scan.h"
#include "mailgw/candidate_reader.h"
#include "mailgw/growing_file.h"
#include "mailgw/part_digest.h"
#include "src/base/result.h"
#include "src/base/sha256.h"

namespace satchel::mailgw {

/// A range between two boundary lines, without the header block.
struct EarlyBody {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    bool base64 = false;  ///< as it was read; its ASCII armor was sought at its start
    CandidateDigest digest;
};

struct EarlyDigest {
    BoundaryScan boundaries;
    std::uint64_t bytes = 0;  ///< of the message; 0 where the boundaries told trouble
    Sha256Digest sha256{};
    std::vector<EarlyBody> bodies;  ///< in order of the file

    /// None unless each of the candidates was read early, as it would be read now. Fails never.
    std::optional<MessageDigest> digest_of(std::vector<Candidate> const& candidates) const;
};

/// Reads the file to its end, as it comes: no parser but our own. Flat memory. Fails where the file
/// can't be read, or was abandoned.
Result<EarlyDigest> digest_early(GrowingFile& file);

}  // namespace satchel::mailgw
