// The names of what this node holds, as its owner may know them: labels are opened once, and kept
// in an SQLite file of the home, so that 100,000 of them can be searched and sorted. All of it can
// be made again from the blob store. Blocks on the disk; safe from any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "src/base/result.h"
#include "src/base/sha256.h"
#include "src/base/sqlite_database.h"
#include "src/core/content_id.h"
#include "src/core/file_label.h"

namespace satchel::node {

/// Where else something is: not on this node.
struct ElsewherePlace {
    enum class Kind { own_node, gateway };

    Kind kind = Kind::own_node;
    std::string name;  ///< the node's key, or the gateway's host and port

    friend bool operator==(ElsewherePlace const&, ElsewherePlace const&) = default;
};

struct CatalogueEntry {
    ContentId id;
    std::string name;       ///< safe as a file name; "" where the label can't be opened here
    std::string type;       ///< media type, the sender's word
    std::string sender;     ///< address; "" where nobody says
    bool verified = false;  ///< the sender's domain, or the owner's contacts, vouch for the sender
    std::string subject;
    std::string message_id;
    bool readable = false;  ///< a key of this home opens the label
    bool own = false;       ///< held for an address of this home
    std::string recipient;  ///< address that it is held for; "" where it is served no more
    std::optional<Sha256Digest> sha256{};  ///< of the file; none where the label does not tell
    std::uint64_t bytes = 0;               ///< of the content; of the blob where that is not known
    std::uint64_t blob_bytes = 0;          ///< on disk
    std::uint64_t stored = 0;              ///< Unix seconds
    std::uint64_t holdings = 0;            ///< reasons to hold it
    std::optional<ElsewherePlace> elsewhere{};  ///< none: it is here

    /// What an opened label says.
    void take(FileLabel const& label);
};

struct CatalogueQuery {
    enum class Order { stored, name, sender, subject, bytes };

    std::string words;  ///< each (four at most) must be in name, sender or subject, in any case
    Order order = Order::stored;
    bool descending = true;
    std::uint64_t from = 0;
    std::uint64_t count = 100;
};

struct CataloguePage {
    std::uint64_t found = 0;  ///< all that match
    std::uint64_t all = 0;
    std::vector<CatalogueEntry> entries;
};

/// What a reconciliation with the store compares.
struct CatalogueMark {
    ContentId id;
    std::uint64_t stored = 0;
    std::uint64_t holdings = 0;
};

struct SenderUse {
    std::string sender;  ///< "" for all the smaller ones together
    std::uint64_t bytes = 0;
    std::uint64_t blobs = 0;
};

struct DayUse {
    std::uint64_t day = 0;    ///< since 1970-01-01, UTC
    std::uint64_t bytes = 0;  ///< stored on that day, and still here
    std::uint64_t blobs = 0;
};

class Catalogue {
public:
    /// `reader`: a name for the keys that open labels. Where it is another than last time,
    /// everything is forgotten, and so it is where the file is damaged.
    static Result<Catalogue> open(std::filesystem::path const& file, std::string const& reader);

    /// All or none, of what is here; those that are there already are replaced.
    Status put(std::vector<CatalogueEntry> const& entries);

    /// Those of one place, unless they are here. `round`: of asking that place.
    Status put_elsewhere(std::vector<CatalogueEntry> const& entries, ElsewherePlace const& place,
                         std::uint64_t round);
    /// Whether it is known, here or elsewhere; then it is seen at that place in this round.
    Result<bool> see_elsewhere(ContentId const& id, ElsewherePlace const& place,
                               std::uint64_t round);
    /// Forgets what was there, and was not seen in this round. Gives how many.
    Result<std::uint64_t> forget_unseen(ElsewherePlace const& place, std::uint64_t round);

    Status remove(std::vector<ContentId> const& ids);

    Result<CataloguePage> find(CatalogueQuery const& query);
    Result<std::optional<CatalogueEntry>> find(ContentId const& id);
    /// Those of `ids` that are known.
    Result<std::map<ContentId, CatalogueEntry>> find(std::vector<ContentId> const& ids);

    /// Of what is here.
    Result<std::vector<CatalogueMark>> marks_after(std::optional<ContentId> const& after,
                                                   std::size_t most);

    /// Of what is here. Those with most bytes, most first; the rest under "" at the end.
    Result<std::vector<SenderUse>> use_by_sender(std::size_t most);
    /// Of what is here, in the order of days.
    Result<std::vector<DayUse>> use_by_day();

private:
    explicit Catalogue(SqliteDatabase database)
        : guard_(std::make_unique<std::mutex>())
        , database_(std::move(database)) {}

    static Result<Catalogue> open_file(std::filesystem::path const& file);
    Status forget_unless_read_by(std::string const& reader);
    Result<std::uint64_t> count(std::string const& words);

    std::unique_ptr<std::mutex> guard_;
    SqliteDatabase database_;
};

}  // namespace satchel::node
