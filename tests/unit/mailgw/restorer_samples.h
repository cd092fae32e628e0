// A mail of three files, detached, and ways to bend what became of it.
#pragma once

#include <functional>
#include <string>

#include <doctest/doctest.h>

#include "mailgw/restore_data.h"
#include "src/base/base64.h"
#include "tests/support/crlf.h"
#include "tests/support/restoring.h"

namespace satchel::mailgw {

inline DetachPolicy const everything{1, {}};
inline DetachPolicy const everything_inbound{1, {}, Side::inbound};

/// Two parts that are re-encoded, and one that is kept verbatim.
inline std::string three_files() {
    std::string long_text;
    for (int i = 0; i < 300; ++i)
        long_text += "A line of text, number " + std::to_string(i) + ".\n";
    std::string const film = to_base64(bytes_of(std::string(1'000, 'f')));
    std::string lines;
    for (std::size_t at = 0; at < film.size(); at += 72)
        lines += film.substr(at, 72) + "\n";
    return testing::with_crlf(
        "From: alice@a.test\nTo: bob@b.test\nSubject: files\nMIME-Version: 1.0\n"
        "Content-Type: multipart/mixed; boundary=\"b-1\"\n\npreamble\n--b-1\n\nSee the files.\n"
        "--b-1\nContent-Type: video/quicktime;\n name=film.mov\nContent-Transfer-Encoding: base64\n"
        "Content-Disposition: attachment\n\n" +
        lines +
        "\n--b-1\nContent-Type: application/x-long\nContent-Disposition: attachment; "
        "filename=long.txt\nX-Odd:\tfield \n\n" +
        long_text +
        "--b-1\nContent-Type: image/png; name=\"Gr\xc3\xbc\xc3\x9f"
        "e.png\"\n"
        "Content-Transfer-Encoding: BASE64\n\nSXQgaXMgYSBsb25nIHdheQ==\n--b-1--\nepilogue\n");
}

inline std::string trace_lines() {
    return "Return-Path: <alice@a.test>\r\nReceived: from a by b\r\n\tfor <bob@b.test>; today\r\n";
}

/// Every header field unfolded and folded anew after each word.
inline std::string refolded(std::string const& message) {
    std::string out;
    for (std::size_t i = 0; i < message.size(); ++i) {
        bool const fold = message.compare(i, 3, "\r\n ") == 0;
        if (fold) {
            i += 2;
            out += "  ";
        } else {
            out += message[i];
        }
    }
    return out;
}

inline std::string replaced(std::string text, std::string const& from, std::string const& to) {
    std::size_t const at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
}

/// The part with the n-th X-Satchel-Part field, from boundary line to boundary line.
inline std::string part_with_field(std::string const& text) {
    std::size_t const field = text.find("X-Satchel-Part:");
    std::size_t const begin = text.rfind("--b-1\r\n", field);
    return text.substr(begin, text.find("--b-1", field) - begin);
}

struct Sent {
    std::string original = three_files();
    testing::MemoryContentSource storage;
    testing::DetachedMessage detached = testing::detach(original, everything, storage);

    testing::MemoryContentSource::Blob& blob(std::size_t i) {
        return storage.blobs.at(detached.placeholders.at(i).content_id);
    }

    /// The same mail, but the restore data of one part changed before it was sealed.
    std::string with_restore_data(std::size_t i, std::function<void(RestoreData&)> const& change) {
        Bytes const& sealed = detached.placeholders.at(i).sealed_restore;
        RestoreData data = decode_restore_data(storage.open_restore(sealed).value()).value();
        change(data);
        return with_sealed(i, testing::MemoryContentSource::sealed(encode_restore_data(data)));
    }

    std::string with_sealed(std::size_t i, Bytes const& sealed) const {
        return with_field(i, sealed, detached.placeholders.at(i).grant);
    }

    std::string with_field(std::size_t i, Bytes const& sealed, Bytes const& grant) const {
        auto placeholders = detached.placeholders;
        placeholders.at(i).sealed_restore = sealed;
        placeholders.at(i).grant = grant;
        DetachablePart const& part = detached.scanned.parts.at(i);
        return replaced(detached.text, placeholder_text(part, detached.placeholders.at(i)),
                        placeholder_text(part, placeholders.at(i)));
    }
};

}  // namespace satchel::mailgw
