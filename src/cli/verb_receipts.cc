#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>

#include <nlohmann/json.hpp>

#include "src/base/atomic_file.h"
#include "src/cli/output.h"
#include "src/cli/verbs.h"
#include "src/core/home.h"
#include "src/core/limits.h"
#include "src/core/receipt_book.h"
#include "src/core/reference.h"

namespace satchel::cli {

namespace {

using Json = nlohmann::json;

/// What a word on the command line names among the receipts: none where it names a file.
std::optional<ReceiptFilter> filter_of(std::string const& word) {
    if (word.empty()) return ReceiptFilter{};
    if (auto id = ContentId::parse(word)) return ReceiptFilter{.content_id = *id};
    if (auto reference = Reference::parse(word))
        return ReceiptFilter{.content_id = reference->content_id};
    if (word.find('@') != std::string::npos) return ReceiptFilter{.message_id = word};
    return std::nullopt;
}

/// Those of this home, straight from its file: no node need run. A home that never delivered
/// anything has none.
Result<std::vector<KeptReceipt>> kept_here(Globals const& globals, ReceiptFilter const& filter) {
    auto const file = Home(globals.home).receipts_file();
    if (!std::filesystem::exists(file)) return std::vector<KeptReceipt>();
    auto const book = ReceiptBook::open(file);
    if (!book) return fail(book.error());
    return book->find(filter);
}

Result<std::vector<KeptReceipt>> named_here(Globals const& globals, std::string const& word) {
    auto const filter = filter_of(word);
    if (!filter)
        return fail(Fault::usage,
                    word + " is neither a content id, a satchel: reference nor a message id");
    auto found = kept_here(globals, *filter);
    if (found && found->empty() && !word.empty())
        return fail(Fault::not_found, "this home has no receipt for " + word);
    return found;
}

/// Of anything that others may have written: for a terminal, and for one line.
std::string shown(std::string const& text) {
    std::string out = text;
    std::ranges::replace_if(
        out, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; }, '?');
    return out;
}

Json json_of(ReceiptProof const& proof) {
    return {{"time", proof.receipt.time},
            {"address", proof.recipient.text()},
            {"node_key", proof.receipt.node.to_base64()},
            {"content_id", proof.receipt.content_id.to_hex()},
            {"blob_bytes", proof.receipt.size},
            {"sender", proof.offer.sender}};
}

std::string prose_of(ReceiptProof const& proof) {
    return human_time(proof.receipt.time) + "  " + proof.recipient.text() + "  node " +
           proof.receipt.node.to_base64() + "  " + proof.receipt.content_id.to_hex() + "  " +
           human_size(proof.receipt.size);
}

Result<ExitStatus> list(Globals const& globals, std::string const& word) {
    auto const found = named_here(globals, word);
    if (!found) return fail(found.error());
    Json receipts = Json::array();
    for (KeptReceipt const& kept : *found) {
        if (!globals.json) {
            print_line(prose_of(kept.proof) + "  " + shown(kept.name));
            continue;
        }
        Json entry = json_of(kept.proof);
        entry["name"] = kept.name;
        entry["message_id"] = kept.message_id;
        entry["route"] = kept.route;
        receipts.push_back(std::move(entry));
    }
    if (globals.json) print_json({{"receipts", receipts}});
    return ExitStatus::ok;
}

Result<ExitStatus> write_out(Globals const& globals, std::string const& word,
                             std::string const& output) {
    auto const found = named_here(globals, word);
    if (!found) return fail(found.error());
    std::string text;
    for (KeptReceipt const& kept : *found) {
        text += "# " + prose_of(kept.proof) + "  " + shown(kept.name) + '\n';
        text += kept.proof.to_line() + '\n';
    }
    if (output.empty() || output == "-") {
        std::fwrite(text.data(), 1, text.size(), stdout);
        return std::fflush(stdout) == 0 ? Result<ExitStatus>(ExitStatus::ok)
                                        : fail(Fault::io, "standard output can't be written");
    }
    if (auto written = write_atomically(output, bytes_of(text)); !written)
        return fail(written.error());
    if (globals.json) {
        print_json({{"file", output}, {"receipts", found->size()}});
    } else {
        print_line(std::to_string(found->size()) + " receipts in " + output +
                   ": `satchel receipts "
                   "verify " +
                   output + "` checks them anywhere, without network.");
    }
    return ExitStatus::ok;
}

Result<std::vector<ReceiptProof>> proofs_named(Globals const& globals, std::string const& word) {
    // "-" aside, what is there as a file is meant as one.
    auto const filter = filter_of(word);
    std::error_code ignored;
    if (!filter || (!word.empty() && std::filesystem::is_regular_file(word, ignored))) {
        auto const bytes = read_whole_file(word, limits::receipts_file_bytes);
        if (!bytes) return fail(bytes.error());
        return parse_receipt_lines(text_of(*bytes));
    }
    auto found = named_here(globals, word);
    if (!found) return fail(found.error());
    std::vector<ReceiptProof> proofs;
    for (KeptReceipt& kept : *found)
        proofs.push_back(std::move(kept.proof));
    return proofs;
}

void show_verdict(Globals const& globals, ReceiptProof const& proof,
                  ReceiptVerdict const& verdict) {
    auto const key = [](auto const& one) { return one ? Json(one->to_base64()) : Json(); };
    if (globals.json) {
        Json entry = json_of(proof);
        entry["signature_holds"] = verdict.signature_holds;
        entry["node_known"] = verdict.node_known;
        entry["user_key"] = key(verdict.user_key);
        entry["domain_key"] = key(verdict.domain_key);
        entry["reason"] = verdict.reason;
        print_json(entry);
        return;
    }
    std::string line = verdict.node_known        ? "holds:     "
                       : verdict.signature_holds ? "NOT KNOWN: "
                                                 : "NO RECEIPT: ";
    print_line(line.append(prose_of(proof)));
    if (!verdict.reason.empty()) print_line("           " + verdict.reason);
    if (!verdict.signature_holds) return;
    print_line("           signed by node key " + verdict.node.to_base64());
    if (!verdict.node_known) return;
    print_line("           a node of " + proof.recipient.text() + " by the record of user key " +
               verdict.user_key->to_base64());
    print_line(verdict.domain_key ? "           which domain key " +
                                        verdict.domain_key->to_base64() + " bound to the address"
                                  : "           for which no domain speaks");
}

Result<ExitStatus> verify(Globals const& globals, std::string const& word) {
    auto const proofs = proofs_named(globals, word);
    if (!proofs) return fail(proofs.error());
    ReceiptVerifier verifier;
    std::size_t false_ones = 0;
    std::size_t unknown = 0;
    for (ReceiptProof const& proof : *proofs) {
        auto const verdict = verifier.verify(proof);
        show_verdict(globals, proof, verdict);
        if (!verdict.signature_holds) {
            ++false_ones;
        } else if (!verdict.node_known) {
            ++unknown;
        }
    }
    std::string const of_all = " of " + std::to_string(proofs->size()) + " receipts ";
    if (false_ones > 0)
        return fail(Fault::corrupt, std::to_string(false_ones) + of_all + "do not hold");
    if (unknown > 0)
        return fail(Fault::untrusted, std::to_string(unknown) + of_all +
                                          "are of nodes that no record of the recipient names");
    return ExitStatus::ok;
}

}  // namespace

void add_receipts(CommandLine& line) {
    struct Args {
        std::string word;
        std::string output;
    };

    auto args = std::make_shared<Args>();
    line.verb_with_verbs("receipts", "list the receipts for what this home delivered")
        .argument("REF|MESSAGE-ID", args->word,
                  "content id, satchel: reference or message id [all]", Verb::Need::optional)
        .example("satchel receipts satchel:1:CONTENT_ID:BYTES")
        .run([args](Globals const& globals) { return list(globals, args->word); });
    line.verb_of("receipts", "verify",
                 "check receipts without network: signature, and whose node it was")
        .argument("FILE|REF|MESSAGE-ID", args->word,
                  "what `receipts export` wrote, or which of this home's [all]",
                  Verb::Need::optional)
        .example("satchel receipts verify film.receipt")
        .run([args](Globals const& globals) { return verify(globals, args->word); });
    line.verb_of("receipts", "export", "write receipts so that others can check them")
        .argument("REF|MESSAGE-ID", args->word,
                  "content id, satchel: reference or message id [all]", Verb::Need::optional)
        .option("-o,--output", args->output, "FILE|-", "where to [standard output]")
        .example("satchel receipts export satchel:1:CONTENT_ID:BYTES -o film.receipt")
        .run([args](Globals const& globals) {
            return write_out(globals, args->word, args->output);
        });
}

}  // namespace satchel::cli
