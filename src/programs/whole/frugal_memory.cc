#include "src/programs/whole/frugal_memory.h"

#include <cstdint>

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

namespace satchel::programs {

namespace {

/// Whether the loader wrote into its code: then that stands in no file.
bool has_text_relocations(dl_phdr_info const& file) {
    for (std::size_t i = 0; i < file.dlpi_phnum; ++i) {
        auto const& segment = file.dlpi_phdr[i];
        if (segment.p_type != PT_DYNAMIC) continue;
        // NOLINTNEXTLINE(performance-no-int-to-ptr): the loader knows addresses as numbers
        auto const* entry = reinterpret_cast<ElfW(Dyn) const*>(file.dlpi_addr + segment.p_vaddr);
        for (; entry->d_tag != DT_NULL; ++entry) {
            bool const flagged = entry->d_tag == DT_FLAGS && (entry->d_un.d_val & DF_TEXTREL) != 0;
            if (flagged || entry->d_tag == DT_TEXTREL) return true;
        }
    }
    return false;
}

int let_go_of_file(dl_phdr_info* file, std::size_t, void*) {
    if (has_text_relocations(*file)) return 0;
    auto const page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
    for (std::size_t i = 0; i < file->dlpi_phnum; ++i) {
        auto const& segment = file->dlpi_phdr[i];
        if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
        auto const begin = (file->dlpi_addr + segment.p_vaddr) & ~(page - 1);
        auto const end = file->dlpi_addr + segment.p_vaddr + segment.p_memsz;
        // NOLINTNEXTLINE(performance-no-int-to-ptr): the loader knows addresses as numbers
        ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
    }
    return 0;
}

}  // namespace

void give_back_large_buffers() {
#ifdef __GLIBC__
    // By itself glibc has a heap for each thread, and once a large buffer was freed it takes the
    // next ones from those heaps, where a small block behind them keeps them resident: 50 transfers
    // left 15 MB that way. A buffer of a transfer lives long enough to pay for an mmap.
    constexpr int large_bytes = 128 * 1024;
    constexpr int heaps = 2;
    ::mallopt(M_MMAP_THRESHOLD, large_bytes);
    ::mallopt(M_ARENA_MAX, heaps);
#endif
}

/// Symbols, relocations and constructors of some 40 libraries: 8 MB more than what is used later.
void let_go_of_start() {
    ::dl_iterate_phdr(let_go_of_file, nullptr);
}

}  // namespace satchel::programs
