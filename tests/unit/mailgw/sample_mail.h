// Messages for tests of the way a message goes.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace satchel::testing {

inline std::string plain_mail() {
    return "From: alice@a.test\r\nTo: bob@b.test\r\nSubject: plain\r\n\r\nHello.\r\n.dot\r\n";
}

/// A body and `parts` attachments of 100,000 bytes each, base64; To bob, Cc carol.
inline std::string mail_with_attachments(int parts = 1) {
    std::string mail =
        "From: alice@a.test\r\nTo: bob@b.test\r\nCc: carol@c.test\r\nSubject: files\r\n"
        "Message-ID: <1@a.test>\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/mixed; boundary=b0\r\n\r\n"
        "--b0\r\nContent-Type: text/plain\r\n\r\nSee the files.\r\n";
    for (int part = 0; part < parts; ++part) {
        mail += "--b0\r\nContent-Type: application/octet-stream; name=\"f" + std::to_string(part) +
                ".bin\"\r\nContent-Transfer-Encoding: base64\r\n"
                "Content-Disposition: attachment; filename=\"f" +
                std::to_string(part) + ".bin\"\r\n\r\n";
        // 1,754 lines of 57 bytes, and one of 22.
        std::string const line(76, static_cast<char>('A' + part));
        for (int i = 0; i < 1754; ++i)
            mail += line + "\r\n";
        mail += std::string(28, static_cast<char>('A' + part)) + "AA==\r\n";
    }
    return mail + "--b0--\r\n";
}

inline std::string read_file(std::filesystem::path const& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// The messages in `maildir`/new.
inline std::vector<std::string> mail_in(std::filesystem::path const& maildir) {
    std::vector<std::string> all;
    std::error_code failed;
    for (std::filesystem::directory_iterator it(maildir / "new", failed), end; !failed && it != end;
         it.increment(failed)) {
        all.push_back(read_file(it->path()));
    }
    return all;
}

/// What stands below the lines that we prepended: Return-Path, Received, X-Satchel-Loop.
inline std::string below_trace(std::string const& mail) {
    auto const loop = mail.find("X-Satchel-Loop: ");
    return loop == std::string::npos ? "" : mail.substr(mail.find("\r\n", loop) + 2);
}

}  // namespace satchel::testing
