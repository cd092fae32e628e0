#include "transfer/libtorrent_disk.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include <libtorrent/disk_buffer_holder.hpp>
#include <libtorrent/error_code.hpp>
#include <libtorrent/hasher.hpp>
#include <libtorrent/operations.hpp>
#include <libtorrent/peer_request.hpp>
#include <libtorrent/storage_defs.hpp>
#include <libtorrent/units.hpp>

namespace satchel::transfer {
namespace {

constexpr std::size_t block_bytes = lt::default_block_size;

lt::storage_error storage_failure(lt::operation_t operation, boost::system::errc::errc_t code) {
    lt::storage_error error;
    error.ec = boost::system::errc::make_error_code(code);
    error.operation = operation;
    error.file(lt::file_index_t(0));
    return error;
}

lt::storage_error storage_failure(lt::operation_t operation, Error const& why) {
    return storage_failure(operation, why.fault == Fault::no_space
                                          ? boost::system::errc::no_space_on_device
                                          : boost::system::errc::io_error);
}

class BlobDisk final : public lt::disk_interface, private lt::buffer_allocator_interface {
public:
    BlobDisk(lt::io_context& context, std::shared_ptr<BlobFileBook> book)
        : context_(context)
        , book_(std::move(book)) {}

    lt::storage_holder new_torrent(lt::storage_params const& params,
                                   std::shared_ptr<void> const&) override {
        auto index = static_cast<std::uint32_t>(torrents_.size());
        for (std::uint32_t i = 0; i < torrents_.size(); ++i)
            if (!torrents_[i]) index = std::min(index, i);
        if (index == torrents_.size()) torrents_.emplace_back();
        torrents_[index] = book_->take(params.path);
        if (!torrents_[index]) torrents_[index] = std::make_shared<BlobFiles const>();
        return {lt::storage_index_t(index), *this};
    }

    void remove_torrent(lt::storage_index_t storage) override {
        torrents_.at(static_cast<std::uint32_t>(storage)).reset();
    }

    void async_read(lt::storage_index_t storage, lt::peer_request const& request,
                    std::function<void(lt::disk_buffer_holder, lt::storage_error const&)> handler,
                    lt::disk_job_flags_t) override {
        lt::storage_error error;
        auto const length = static_cast<std::size_t>(request.length);
        auto* const buffer = new char[length];
        lt::disk_buffer_holder holder(*this, buffer, request.length);
        auto const files = files_of(storage);
        auto const piece = static_cast<std::uint64_t>(static_cast<int>(request.piece));
        auto const at = static_cast<std::uint64_t>(request.start);
        std::span const into(reinterpret_cast<Byte*>(buffer), length);
        auto const read = read_piece(*files, piece, at, into);
        if (!read) error = storage_failure(lt::operation_t::file_read, read.error());
        lt::post(context_,
                 [handler = std::move(handler), error, holder = std::move(holder)]() mutable {
                     handler(std::move(holder), error);
                 });
    }

    bool async_write(lt::storage_index_t storage, lt::peer_request const& request,
                     char const* buffer, std::shared_ptr<lt::disk_observer>,
                     std::function<void(lt::storage_error const&)> handler,
                     lt::disk_job_flags_t) override {
        lt::storage_error error;
        auto const files = files_of(storage);
        auto const piece = static_cast<std::uint64_t>(static_cast<int>(request.piece));
        std::uint64_t const at =
            piece * files->piece_bytes + static_cast<std::uint64_t>(request.start);
        auto const length = static_cast<std::size_t>(request.length);
        if (!files->fresh || at >= files->size) {
            error = storage_failure(lt::operation_t::file_write,
                                    boost::system::errc::permission_denied);
        } else {
            // libtorrent rounds the last block up.
            auto const inside = std::min<std::uint64_t>(length, files->size - at);
            ByteSpan const bytes(reinterpret_cast<Byte const*>(buffer),
                                 static_cast<std::size_t>(inside));
            auto const written = write_all_at(files->fresh->get(), bytes, at);
            if (!written) error = storage_failure(lt::operation_t::file_write, written.error());
        }
        lt::post(context_, [handler = std::move(handler), error] { handler(error); });
        return false;
    }

    void async_hash(
        lt::storage_index_t storage, lt::piece_index_t piece, lt::span<lt::sha256_hash> blocks,
        lt::disk_job_flags_t,
        std::function<void(lt::piece_index_t, lt::sha1_hash const&, lt::storage_error const&)>
            handler) override {
        lt::storage_error error;
        auto const files = files_of(storage);
        for (std::ptrdiff_t i = 0; i < blocks.size() && !error; ++i)
            error =
                hash_block(*files, piece, static_cast<std::uint64_t>(i) * block_bytes, blocks[i]);
        lt::post(context_, [handler = std::move(handler), piece, error] {
            handler(piece, lt::sha1_hash(), error);
        });
    }

    void async_hash2(
        lt::storage_index_t storage, lt::piece_index_t piece, int offset, lt::disk_job_flags_t,
        std::function<void(lt::piece_index_t, lt::sha256_hash const&, lt::storage_error const&)>
            handler) override {
        lt::sha256_hash hash;
        auto const error =
            hash_block(*files_of(storage), piece, static_cast<std::uint64_t>(offset), hash);
        lt::post(context_, [handler = std::move(handler), piece, hash, error] {
            handler(piece, hash, error);
        });
    }

    void async_move_storage(
        lt::storage_index_t, std::string path, lt::move_flags_t,
        std::function<void(lt::status_t, std::string const&, lt::storage_error const&)> handler)
        override {
        auto const error = storage_failure(lt::operation_t::file_rename,
                                           boost::system::errc::operation_not_supported);
        lt::post(context_, [handler = std::move(handler), path = std::move(path), error] {
            handler(lt::status_t::fatal_disk_error, path, error);
        });
    }

    void async_release_files(lt::storage_index_t, std::function<void()> handler) override {
        if (handler) lt::post(context_, std::move(handler));
    }

    void async_check_files(
        lt::storage_index_t, lt::add_torrent_params const*,
        lt::aux::vector<std::string, lt::file_index_t>,
        std::function<void(lt::status_t, lt::storage_error const&)> handler) override {
        // What is there was verified by who handed it over.
        lt::post(context_, [handler = std::move(handler)] {
            handler(lt::status_t::no_error, lt::storage_error());
        });
    }

    void async_stop_torrent(lt::storage_index_t, std::function<void()> handler) override {
        if (handler) lt::post(context_, std::move(handler));
    }

    void async_rename_file(
        lt::storage_index_t, lt::file_index_t file, std::string name,
        std::function<void(std::string const&, lt::file_index_t, lt::storage_error const&)> handler)
        override {
        auto const error = storage_failure(lt::operation_t::file_rename,
                                           boost::system::errc::operation_not_supported);
        lt::post(context_, [handler = std::move(handler), name = std::move(name), file, error] {
            handler(name, file, error);
        });
    }

    void async_delete_files(lt::storage_index_t, lt::remove_flags_t,
                            std::function<void(lt::storage_error const&)> handler) override {
        lt::post(context_, [handler = std::move(handler)] { handler(lt::storage_error()); });
    }

    void async_set_file_priority(
        lt::storage_index_t, lt::aux::vector<lt::download_priority_t, lt::file_index_t> priorities,
        std::function<void(lt::storage_error const&,
                           lt::aux::vector<lt::download_priority_t, lt::file_index_t>)>
            handler) override {
        lt::post(context_, [handler = std::move(handler), priorities = std::move(priorities)] {
            handler(lt::storage_error(), priorities);
        });
    }

    void async_clear_piece(lt::storage_index_t, lt::piece_index_t piece,
                           std::function<void(lt::piece_index_t)> handler) override {
        lt::post(context_, [handler = std::move(handler), piece] { handler(piece); });
    }

    void update_stats_counters(lt::counters&) const override {}

    std::vector<lt::open_file_state> get_status(lt::storage_index_t) const override { return {}; }

    void abort(bool) override {}

    void submit_jobs() override {}

    void settings_updated() override {}

private:
    void free_disk_buffer(char* buffer) override { delete[] buffer; }

    std::shared_ptr<BlobFiles const> files_of(lt::storage_index_t storage) const {
        return torrents_.at(static_cast<std::uint32_t>(storage));
    }

    static Status read_piece(BlobFiles const& files, std::uint64_t piece, std::uint64_t at,
                             std::span<Byte> into) {
        bool const old = piece < files.have.size() && files.have[piece];
        auto const& file = old ? files.kept : files.fresh;
        if (!file) return fail(Fault::io, "no such piece");
        std::uint64_t const start = piece * files.piece_bytes + at;
        if (start >= files.size) return fail(Fault::io, "no such block");
        auto const inside = into.first(
            static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), files.size - start)));
        std::ranges::fill(into.subspan(inside.size()), Byte{0});
        auto const read = read_at(file->get(), inside, start);
        if (!read) return fail(read.error());
        return *read == inside.size() ? Status() : Status(fail(Fault::io, "the file is too short"));
    }

    static lt::storage_error hash_block(BlobFiles const& files, lt::piece_index_t piece,
                                        std::uint64_t at, lt::sha256_hash& hash) {
        auto const index = static_cast<std::uint64_t>(static_cast<int>(piece));
        std::uint64_t const start = index * files.piece_bytes + at;
        if (start >= files.size)
            return storage_failure(lt::operation_t::file_read, boost::system::errc::io_error);
        std::array<Byte, block_bytes> block{};
        auto const bytes = std::span(block).first(
            static_cast<std::size_t>(std::min<std::uint64_t>(block_bytes, files.size - start)));
        auto const read = read_piece(files, index, at, bytes);
        if (!read) return storage_failure(lt::operation_t::file_read, read.error());
        hash = lt::hasher256(lt::span<char const>(reinterpret_cast<char const*>(bytes.data()),
                                                  static_cast<std::ptrdiff_t>(bytes.size())))
                   .final();
        return {};
    }

    lt::io_context& context_;
    std::shared_ptr<BlobFileBook> book_;
    std::vector<std::shared_ptr<BlobFiles const>> torrents_;
};

}  // namespace

void BlobFileBook::enter(std::string const& name, std::shared_ptr<BlobFiles const> files) {
    std::lock_guard const lock(mutex_);
    files_[name] = std::move(files);
}

std::shared_ptr<BlobFiles const> BlobFileBook::take(std::string const& name) {
    std::lock_guard const lock(mutex_);
    auto const found = files_.extract(name);
    return found.empty() ? nullptr : found.mapped();
}

std::unique_ptr<lt::disk_interface> make_blob_disk(lt::io_context& context,
                                                   std::shared_ptr<BlobFileBook> book) {
    return std::make_unique<BlobDisk>(context, std::move(book));
}

}  // namespace satchel::transfer
