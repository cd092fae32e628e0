// Keeps the catalogue in step with the blob store: goes through both when the node starts, and
// follows what comes and goes from then on.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "src/base/event_log.h"
#include "src/base/worker_pool.h"
#include "src/core/identity.h"
#include "src/node/catalogue.h"
#include "src/node/retriever.h"
#include "src/node/served_users.h"
#include "transfer/blob_store.h"

namespace satchel::node {

/// How the catalogue stands to the store.
struct CatalogueState {
    std::uint64_t revision = 0;   ///< changes with every change of the catalogue
    std::uint64_t looked_at = 0;  ///< blobs of the first walk through the store
    bool complete = false;        ///< that walk is over
};

/// Owner's thread; all references must outlive it.
class Cataloguer {
public:
    struct World {
        asio::io_context& owner;
        WorkerPool& workers;
        transfer::BlobStore& store;
        Retriever const& retriever;
        ServedUsers const& users;
        Identity const& identity;
        EventLog const& log;
    };

    /// Opens or makes the file. Blocks.
    static Result<std::unique_ptr<Cataloguer>> open(std::filesystem::path const& file, World world);

    /// Does what there is to do; harmless where it is at it already.
    void start();

    void stop();

    /// A holding of it has begun or ended.
    void note_change(ContentId const& id);

    /// What is held, as many as asked for of those that arrived after `arrival`, in that order.
    /// Where the catalogue does not know one, its label is opened. Blocks; safe from any thread.
    struct Listed {
        std::vector<CatalogueEntry> entries;
        std::uint64_t last = 0;  ///< arrival to go on from
    };

    Result<Listed> list_arrived_after(std::uint64_t arrival, std::size_t most);

    Catalogue& catalogue() { return catalogue_; }

    CatalogueState const& state() const { return state_; }

    /// Somebody else has changed the catalogue.
    void tell();

    /// Called on the owner's thread whenever the state changes.
    void on_change(std::function<void()> changed) { changed_ = std::move(changed); }

private:
    Cataloguer(Catalogue catalogue, World world);

    /// One step of the walk: what it has changed, and where it goes on.
    struct Step {
        std::optional<ContentId> last;  ///< none: the end
        std::uint64_t looked_at = 0;
        bool changed = false;
    };

    asio::awaitable<void> work();
    asio::awaitable<Status> walk_on();
    Result<Step> reconcile_after(std::optional<ContentId> const& after);
    Status look_again(std::set<ContentId> const& ids);
    CatalogueEntry entry_of(transfer::HeldBlob const& blob) const;

    World world_;
    Catalogue catalogue_;
    std::set<AddressTag> own_;
    std::map<AddressTag, Address> served_;
    CatalogueState state_;
    std::function<void()> changed_;
    std::set<ContentId> noted_;
    std::optional<ContentId> last_;  ///< that the walk has seen
    asio::steady_timer pause_;
    bool working_ = false;
    bool stopped_ = false;
};

}  // namespace satchel::node
