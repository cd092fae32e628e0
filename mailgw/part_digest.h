// Checks a message's candidates for detaching: does each come back byte for byte from content and
// shape, and what are the digests.
#pragma once

#include <cstdint>
#include <vector>

#include "mailgw/candidate_reader.h"
#include "mailgw/part_range.h"
#include "src/base/result.h"
#include "src/base/sha256.h"

namespace satchel::mailgw {

struct Candidate {
    PartRange range;
    bool base64 = false;          ///< what the part says of itself
    bool armor_anywhere = false;  ///< look for PGP in all of the content, not in its start alone
};

struct MessageDigest {
    std::uint64_t bytes = 0;
    Sha256Digest sha256{};
    std::vector<CandidateDigest> candidates;  ///< in the order given
};

/// `candidates` in order of the file, none in another. Flat memory; works in two threads.
Result<MessageDigest> digest_message(int fd, std::vector<Candidate> const& candidates);

}  // namespace satchel::mailgw
