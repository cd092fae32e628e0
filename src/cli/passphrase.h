// A passphrase from the person at the terminal, or from a file for scripts.
#pragma once

#include <string>

#include "src/base/bytes.h"
#include "src/base/result.h"

namespace satchel::cli {

/// Wiped with its object, never printed.
class Passphrase {
public:
    static constexpr std::size_t octets_max = 1024;

    /// The first line of `file`. Fault::usage where it is empty or too long.
    static Result<Passphrase> from_file(std::string const& file);

    /// Asks at the terminal, without showing what is typed. Fault::usage where there is none.
    static Result<Passphrase> ask(std::string const& question);

    Passphrase(Passphrase const&) = delete;
    Passphrase& operator=(Passphrase const&) = delete;
    Passphrase(Passphrase&&) noexcept = default;
    Passphrase& operator=(Passphrase&&) = delete;
    ~Passphrase();

    ByteSpan view() const { return octets_; }

private:
    Passphrase() { octets_.reserve(octets_max); }

    /// Up to the end of the line.
    static Result<Passphrase> read_line(int fd);

    Bytes octets_;  ///< has its room from the start: what grew would leave copies behind
};

}  // namespace satchel::cli
