// The folder tree that `satchel export` fills: by sender and day, under names that are safe. What
// stands there already with the same content is left alone, so that an export can be repeated.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "src/base/atomic_file.h"
#include "src/base/result.h"
#include "src/base/sha256.h"

namespace satchel::cli {

/// One stored file, as its label describes it: nothing of that is trusted.
struct ExportItem {
    std::string from;          ///< an address; "": the label says nothing
    bool verified = false;     ///< the offer came from `from`: somebody vouched for it
    std::uint64_t stored = 0;  ///< Unix seconds
    std::string name;
};

/// "alice@a.test/2026-11-24", "eve@e.test (unverified)/2026-11-24", "unknown sender/…". Two parts,
/// never a path that leads elsewhere. The day is UTC's.
std::filesystem::path export_folder(ExportItem const& item);

/// "film.mov", "film (2).mov", …
std::string numbered_name(std::string const& name, unsigned n);

enum class Exported {
    written,  ///< a new file
    linked,   ///< a hard link to one that was exported before
    kept      ///< stood there already
};
char const* to_string(Exported how);

class ExportTree {
public:
    /// Makes the folder where it is missing. Fault::unavailable while another export fills it.
    static Result<ExportTree> open(std::filesystem::path const& root);

    /// A file with this content that stands where `item` belongs, if any: nothing need be done.
    Result<std::optional<std::filesystem::path>> find(ExportItem const& item, std::uint64_t bytes,
                                                      Sha256Digest const& content);

    /// A file with this content anywhere in the tree, of those found or put there so far.
    bool has(Sha256Digest const& content) const { return by_content_.contains(content); }

    /// Where the content of `item` is written to, until put() gives it a name.
    Result<AtomicFile> begin(ExportItem const& item);

    struct Placed {
        std::filesystem::path file;
        Exported how = Exported::written;
    };

    /// Gives the content its place. `made` is null where has(content) and nothing was written.
    /// Fault::not_found: it was not written, and can't be linked here either.
    Result<Placed> put(ExportItem const& item, std::uint64_t bytes, Sha256Digest const& content,
                       AtomicFile* made);

private:
    ExportTree(std::filesystem::path root, UniqueFd lock)
        : root_(std::move(root))
        , lock_(std::move(lock)) {}

    Result<std::filesystem::path> folder_for(ExportItem const& item);
    Status link(std::filesystem::path const& to, Sha256Digest const& content);

    std::filesystem::path root_;
    UniqueFd lock_;
    std::set<std::filesystem::path> swept_;  ///< folders without leftovers
    std::map<Sha256Digest, std::filesystem::path> by_content_;
    std::map<std::filesystem::path, Sha256Digest> seen_;
};

}  // namespace satchel::cli
