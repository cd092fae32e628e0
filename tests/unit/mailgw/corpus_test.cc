// Real mail of many origins, which is not ours to keep here: SATCHEL_CORPUS names a folder of it.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include <doctest/doctest.h>

#include "mailgw/mail_text.h"
#include "src/base/sha256.h"
#include "tests/support/crlf.h"
#include "tests/support/part_restorer.h"
#include "tests/support/restoring.h"

using namespace satchel;

namespace {

std::string read_file(std::filesystem::path const& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// The message without what tells that it was not written here: else most of a corpus of received
/// mail would be left alone.
std::string as_if_written_here(std::string message) {
    std::size_t at = 0;
    while (at < message.size() && message.compare(at, 2, "\r\n") != 0) {
        for (std::string_view name : {"dkim-", "arc-", "list-id", "resent-"})
            if (mailgw::lower_case(message.substr(at, name.size())) == name)
                message.insert(at, "X-");
        std::size_t const end = message.find('\n', at);
        if (end == std::string::npos) break;
        at = end + 1;
    }
    return message;
}

struct Tally {
    int messages = 0;
    int stripped = 0;
    int parts = 0;
    int verbatim = 0;
    std::uint64_t bytes_before = 0;
    std::uint64_t bytes_after = 0;
    std::map<std::string, int> kept;
};

void check(std::string const& message, mailgw::DetachPolicy const& policy, Tally& tally) {
    auto const trip = testing::round_trip(message, policy);
    bool const same = trip.restored == message;
    CHECK(same);
    ++tally.messages;
    for (auto const& part : trip.scanned.kept)
        ++tally.kept[part.reason];
    if (trip.scanned.parts.empty()) return;
    ++tally.stripped;
    tally.bytes_before += message.size();
    tally.bytes_after += trip.detached.size();
    for (auto const& part : trip.scanned.parts) {
        ++tally.parts;
        tally.verbatim += part.decoding == mailgw::AttachmentSource::Decoding::deflate_text;
        auto const restore = mailgw::decode_restore_data(part.restore);
        CHECK(restore->message_sha256 == sha256(bytes_of(message)));
    }
}

/// The real restorer, on the copy as it may arrive: as it is, from LF storage, below trace lines.
void check_restorer(std::string const& message, mailgw::DetachPolicy const& policy, int& parts) {
    testing::MemoryContentSource storage;
    auto const detached = testing::detach(message, policy, storage);
    parts += static_cast<int>(detached.placeholders.size());
    std::string const trace = "Return-Path: <a@a.test>\r\nReceived: from a by b;\r\n\ttoday\r\n";
    for (auto const& [arrived, prepended] :
         {std::pair(detached.text, std::string()),
          std::pair(testing::with_lf(detached.text), std::string()),
          std::pair(trace + detached.text, trace),
          std::pair(testing::with_lf(trace + detached.text), trace)}) {
        auto const back = testing::restore(arrived, storage);
        bool const same = back.text == prepended + message;
        CHECK(same);
        if (!detached.placeholders.empty())
            CHECK(back.outcome.state == mailgw::RestoreState::exact);
    }
}

std::string to_text(Tally const& tally) {
    std::ostringstream out;
    out << tally.messages << " messages, " << tally.stripped << " stripped, " << tally.parts
        << " parts (" << tally.verbatim << " verbatim), " << tally.bytes_before << " -> "
        << tally.bytes_after << " bytes";
    for (auto const& [reason, count] : tally.kept)
        out << "\n  " << count << " kept: " << reason;
    return out.str();
}

}  // namespace

TEST_CASE("corpus: every message comes back byte for byte") {
    char const* const folder = std::getenv("SATCHEL_CORPUS");
    if (folder == nullptr) {
        MESSAGE("skipped: SATCHEL_CORPUS is not set");
        return;
    }
    for (std::uint64_t detach_min : {1U, 4096U}) {
        mailgw::DetachPolicy const policy{detach_min, {}};
        Tally received;
        Tally written;
        Tally inbound;
        mailgw::DetachPolicy const inbound_policy{detach_min, {}, mailgw::Side::inbound};
        int restored = 0;
        for (auto const& entry : std::filesystem::recursive_directory_iterator(folder)) {
            if (!entry.is_regular_file()) continue;
            std::string const path = entry.path().string();
            CAPTURE(path);
            std::string const message = testing::with_crlf(read_file(entry.path()));
            check(message, policy, received);
            check(as_if_written_here(message), policy, written);
            check(message, inbound_policy, inbound);
            check_restorer(message, inbound_policy, restored);
        }
        MESSAGE("detach_min ", detach_min, ", as received: ", to_text(received));
        MESSAGE("detach_min ", detach_min, ", as if written here: ", to_text(written));
        MESSAGE("detach_min ", detach_min, ", inbound: ", to_text(inbound));
        MESSAGE("detach_min ", detach_min, ", inbound through the restorer: ", restored,
                " parts, each in 4 forms");
    }
}
