// The folder that is one party: where its files stand.
#pragma once

#include <filesystem>

#include "src/base/result.h"

namespace satchel {

class Home {
public:
    explicit Home(std::filesystem::path const& root);

    std::filesystem::path const& root() const { return root_; }

    std::filesystem::path config_file() const { return root_ / "satchel.toml"; }

    std::filesystem::path contacts_file() const { return root_ / "contacts.db"; }

    /// Keys of domains and addresses seen before.
    std::filesystem::path trust_file() const { return root_ / "trust.db"; }

    std::filesystem::path publications_file() const { return root_ / "published"; }

    /// What this home, as a domain's, has vouched for.
    std::filesystem::path bindings_file() const { return root_ / "bindings.db"; }

    /// Records that this node keeps alive for users of its domains.
    std::filesystem::path kept_records_file() const { return root_ / "records.db"; }

    /// Receipts for what this home has delivered.
    std::filesystem::path receipts_file() const { return root_ / "receipts.db"; }

    /// Names of what this home's node holds.
    std::filesystem::path catalogue_file() const { return root_ / "catalogue.db"; }

    /// How the latest transfers went.
    std::filesystem::path transfers_file() const { return root_ / "transfers.db"; }

    std::filesystem::path dht_state_file() const { return root_ / "dht.state"; }

    /// Local socket of the running node (`run/node.sock`), under the runtime directory where the
    /// path would be over 100 bytes.
    std::filesystem::path node_socket() const;
    std::filesystem::path gateway_socket() const;

    /// Makes the folder 0700. Refuses one that others may enter (Fault::config).
    Status ensure() const;

    /// Makes satchel.toml, with every setting as a comment, where there is none.
    Status ensure_config() const;

    /// `--home`, else $SATCHEL_HOME, else $XDG_DATA_HOME/satchel, else ~/.local/share/satchel.
    static std::filesystem::path default_root();

private:
    std::filesystem::path run_folder() const;

    std::filesystem::path root_;
};

}  // namespace satchel
