// What the store knows of its blobs: sizes, layers, holdings, and uploads to be gone on with. A
// SQLite file; not thread-safe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "src/base/result.h"
#include "src/base/sqlite_database.h"
#include "transfer/blob_store.h"
#include "transfer/merkle_root.h"

namespace satchel::transfer {

/// An unfinished upload whose piece layer is known, so that what came of it can be verified; or a
/// draft, of which whole pieces count until its blob has a name.
struct PartialBlob {
    ContentId id;
    std::uint64_t size = 0;  ///< of the whole blob, in bytes
    std::string sender;
    Bytes layer;
    std::uint64_t touched = 0;  ///< Unix seconds

    bool lacks_layer() const { return layer.size() != layer_bytes_for(size); }
};

struct IndexTotals {
    std::uint64_t blobs = 0;
    std::uint64_t bytes = 0;
};

struct Released {
    bool holding = false;  ///< there was one for this recipient
    bool blob = false;     ///< it was the last: the file may go
};

class BlobIndex {
public:
    static Result<BlobIndex> open(std::filesystem::path const& file);

    /// A blob becomes held, and is no longer partial, nor set aside. Durable on return, and so are
    /// its bytes where they are given: until forget_bytes().
    Status add(ContentId const& id, std::uint64_t size, ByteSpan layer, Holding const& holding,
               ByteSpan bytes = {});
    Result<std::set<ContentId>> with_kept_bytes();
    /// Fault::not_found where none are kept.
    Result<Bytes> kept_bytes(ContentId const& id);
    /// A power cut may undo it.
    Status forget_bytes(std::set<ContentId> const& ids);

    /// One more holding of a blob that is there, or a newer one in place of the recipient's old.
    Status hold(ContentId const& id, Holding const& holding);

    /// Ends a holding, and with the last one the blob; where `partial_too`, then also what is known
    /// of it as a partial.
    Result<Released> release(ContentId const& id, AddressTag const& recipient, bool partial_too);

    /// Its bytes are not to be had until it is added again: for find(), size_of() and layer() it
    /// is not here, and all that it is held for stays. Durable on return.
    Status put_aside(ContentId const& id);
    Result<std::set<ContentId>> set_aside();
    Result<std::optional<std::uint64_t>> set_aside_size(ContentId const& id);

    /// Forgets a blob and all its holdings.
    Status forget(ContentId const& id);

    Result<std::optional<HeldBlob>> find(ContentId const& id);
    Result<std::optional<HeldBlob>> find_listed(ContentId const& id);
    Result<std::vector<HeldBlob>> list();
    Result<std::vector<HeldBlob>> list_after(std::optional<ContentId> const& after,
                                             std::size_t most);
    Result<std::vector<HeldBlob>> list_arrived_after(std::uint64_t arrival, std::size_t most);
    Result<std::optional<std::uint64_t>> size_of(ContentId const& id);

    /// Fault::not_found where the blob is not held.
    Result<Bytes> layer(ContentId const& id);

    Result<IndexTotals> totals();

    /// Bytes of the blobs held from `sender`, each counted once.
    Result<std::uint64_t> bytes_from(std::string const& sender);
    Result<bool> holds_from(ContentId const& id, std::string const& sender);

    /// A power cut may forget the last of what is done to partials: then bytes come again.
    Status put_partial(PartialBlob const& partial);
    Status drop_partial(ContentId const& id);
    Result<std::optional<PartialBlob>> partial(ContentId const& id);
    Result<std::vector<PartialBlob>> partials();

private:
    explicit BlobIndex(SqliteDatabase database)
        : database_(std::move(database)) {}

    template <class... Values>
    Result<std::vector<HeldBlob>> select(std::string_view from, std::string_view order,
                                         Values const&... values);
    template <class... Values>
    Status run(std::string_view sql, Values const&... values);
    Status insert(std::string_view sql, ContentId const& id, Holding const& holding);
    Result<Bytes> one_field(std::string_view sql, ContentId const& id);
    Result<std::set<ContentId>> ids(std::string_view sql);
    Result<std::optional<std::uint64_t>> one_size(std::string_view sql, ContentId const& id);
    template <class Read, class... Values>
    Status each_row(std::string_view sql, Read const& read, Values const&... values);

    SqliteDatabase database_;
};

}  // namespace satchel::transfer
