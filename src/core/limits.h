// Every bound in one place: unit in the name, relations asserted.
#pragma once

#include <cstddef>
#include <cstdint>

namespace satchel::limits {

inline constexpr std::size_t address_octets =
    254;  // RFC 5321 §4.5.3.1.3, without the angle brackets
inline constexpr std::size_t local_part_octets = 64;  // RFC 5321 §4.5.3.1.1
inline constexpr std::size_t storage_nodes = 3;
inline constexpr std::size_t gateway_host_octets = 64;
inline constexpr std::size_t page_octets = 64;
inline constexpr std::size_t endpoints_per_list = 4;

inline constexpr std::size_t storage_record_bytes = 1'120;
inline constexpr std::size_t presence_record_bytes = 512;
inline constexpr std::size_t pull_notice_bytes = 560;  // OpenDHT: up to 600 in one datagram
inline constexpr std::size_t dht_value_one_part_bytes =
    1'150;  // beyond it OpenDHT sends a value in parts
static_assert(storage_record_bytes < dht_value_one_part_bytes);
static_assert(presence_record_bytes < storage_record_bytes);

inline constexpr std::uint64_t storage_record_lifetime_seconds = 7 * 24 * 3600;
inline constexpr std::uint64_t storage_reput_seconds = 600;
inline constexpr std::uint64_t storage_dht_ttl_seconds = 1'800;
inline constexpr std::uint64_t presence_ttl_seconds = 120;
inline constexpr std::uint64_t presence_reput_seconds = 40;
inline constexpr std::uint64_t pull_notice_ttl_seconds = 900;
inline constexpr unsigned notice_proof_bits = 12;
inline constexpr std::size_t notices_per_key = 256;   // at a storing node
inline constexpr std::size_t notices_per_source = 8;  // of one IP address, at one key
inline constexpr std::uint64_t clock_skew_seconds = 120;
static_assert(storage_reput_seconds * 3 <= storage_dht_ttl_seconds);
static_assert(presence_reput_seconds * 3 <= presence_ttl_seconds);

inline constexpr std::size_t merkle_block_bytes = 16 * 1024;  // BEP 52
inline constexpr std::size_t age_chunk_bytes = 64 * 1024;     // c2sp.org/age
inline constexpr std::size_t age_header_bytes =
    64 * 1024;  // a grant of one stanza is about 200 octets
inline constexpr std::size_t grant_bytes = 4 * 1024;
inline constexpr std::size_t label_bytes = 8 * 1024;
inline constexpr std::size_t restore_bytes = 8 * 1024;
inline constexpr std::size_t inline_blob_bytes = 256 * 1024;
inline constexpr std::size_t offer_bytes = 24 * 1024;  // without an inline blob
inline constexpr std::size_t control_body_bytes = inline_blob_bytes + offer_bytes + 4 * 1024;
inline constexpr std::size_t receipt_bytes = 512;
inline constexpr std::size_t receipt_proof_bytes = 28 * 1024;  // receipt, offer, record, address
inline constexpr std::size_t receipt_line_octets = 40 * 1024;
static_assert(receipt_bytes + offer_bytes + storage_record_bytes + address_octets + 64 <
              receipt_proof_bytes);
static_assert(receipt_proof_bytes / 3 * 4 + 64 < receipt_line_octets);
inline constexpr std::size_t receipts_file_bytes = 256 * 1024 * 1024;
inline constexpr std::uint64_t receipt_keeping_seconds = 3ULL * 365 * 24 * 3600;
static_assert(grant_bytes + label_bytes < offer_bytes);

inline constexpr std::uint64_t offer_lifetime_seconds = 3'600;
inline constexpr std::uint64_t ping_timeout_milliseconds = 3'000;
inline constexpr std::uint64_t lookup_patience_milliseconds = 10'000;

inline constexpr std::size_t binding_bytes = 512;  // 454 at all bounds
inline constexpr std::size_t binding_line_octets = 4 * 1024;
inline constexpr std::size_t domain_record_octets = 4 * 1024;  // 2,918 at all bounds
inline constexpr std::size_t domain_record_tag_octets = 16;
inline constexpr std::size_t domain_record_items = 8;  // gateway keys, and DHT nodes
inline constexpr std::size_t config_file_bytes = 1024 * 1024;

}  // namespace satchel::limits
