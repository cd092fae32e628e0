// A file that lives in memory only: what mailgw reads and writes by descriptor, seen as text.
#pragma once

#include <string>
#include <string_view>

#include <sys/mman.h>

#include "src/base/unique_fd.h"

namespace satchel::testing {

inline UniqueFd memory_file(std::string_view text = {}) {
    UniqueFd file(::memfd_create("satchel-test", MFD_CLOEXEC));
    if (!file || !write_all(file.get(), bytes_of(text))) std::abort();
    return file;
}

inline std::string text_in(UniqueFd const& file) {
    std::string text(static_cast<std::size_t>(file_size(file.get()).value()), '\0');
    auto const got =
        read_at(file.get(), std::span(reinterpret_cast<Byte*>(text.data()), text.size()), 0);
    text.resize(got.value());
    return text;
}

}  // namespace satchel::testing
