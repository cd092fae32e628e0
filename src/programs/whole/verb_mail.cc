#include <memory>

#include <unistd.h>

#include "mailgw/header_writer.h"
#include "mailgw/maildir.h"
#include "mailgw/trace_header.h"
#include "src/base/base64_encoder.h"
#include "src/base/clock.h"
#include "src/base/hex.h"
#include "src/base/sodium_randomness.h"
#include "src/cli/node_session.h"
#include "src/cli/output.h"
#include "src/cli/progress.h"
#include "src/core/file_label.h"
#include "src/core/home.h"
#include "src/core/identity.h"
#include "src/core/reference.h"
#include "src/programs/whole/mail_world.h"
#include "src/programs/whole/nameless_file.h"
#include "src/programs/whole/programs.h"
#include "src/programs/whole/queue_json.h"

namespace satchel::programs {

namespace {

using node::Json;

constexpr std::size_t piece_bytes = 57 * 4096;  // whole lines of base64
constexpr std::size_t line_characters = 76;

struct StoredFile {
    ContentId content_id;
    std::string name;
    UniqueFd file;
    std::uint64_t bytes = 0;
};

Result<StoredFile> fetch(cli::NodeSession& session, ContentId const& id) {
    auto file = nameless_file();
    if (!file) return fail(file.error());
    StoredFile stored{id, "", std::move(*file)};
    cli::ProgressLine line(id.short_form());
    auto const got = session.call("get", {{"ref", id.to_hex()}, {"grant", nullptr}},
                                  {stored.file.get()}, [&line](Json const& step) {
                                      line.show(step.value("done", std::uint64_t{0}),
                                                step.value("total", std::uint64_t{0}));
                                  });
    if (!got) return fail(got.error());
    stored.name = safe_file_name(got->value("name", ""));
    stored.bytes = got->value("bytes", std::uint64_t{0});
    return stored;
}

std::string header_of(StoredFile const& stored, std::string const& address,
                      std::string const& boundary) {
    SystemRandomness randomness;
    std::string const domain = address.substr(address.rfind('@') + 1);
    std::string out = "Date: " + mailgw::date_text(SystemClock().unix_seconds()) +
                      "\r\nFrom: " + address + "\r\nTo: " + address + "\r\n";
    out += mailgw::header_field("Subject", mailgw::text_words("Your file: " + stored.name));
    out += "Message-ID: <" + to_hex(randomness.array<16>()) + "@" + domain + ">\r\n";
    out += "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"" + boundary + "\"\r\n";
    out += "\r\n--" + boundary + "\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n";
    out += "The file that you asked for is attached.\r\nReference: satchel get ";
    out += stored.content_id.to_hex() + "\r\n--" + boundary + "\r\n";
    out += "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n";
    std::vector<std::string> disposition{"attachment;"};
    for (std::string& word : mailgw::parameter_words("filename", stored.name))
        disposition.push_back(std::move(word));
    return out + mailgw::header_field("Content-Disposition", disposition) + "\r\n";
}

/// The mail with the file in full, ready to be read from its start.
Result<UniqueFd> compose(StoredFile const& stored, std::string const& address) {
    auto mail = nameless_file();
    if (!mail) return mail;
    SystemRandomness randomness;
    std::string const boundary = "satchel-" + to_hex(randomness.array<16>());
    std::string text = header_of(stored, address, boundary);
    Base64Encoder encoder(line_characters);
    Bytes buffer(piece_bytes);
    for (std::uint64_t at = 0; at < stored.bytes;) {
        auto const got = read_at(stored.file.get(), buffer, at);
        if (!got) return fail(got.error());
        if (*got == 0) break;
        at += *got;
        encoder.encode(ByteSpan(buffer).first(*got), text);
        if (auto done = write_all(mail->get(), bytes_of(text)); !done) return fail(done.error());
        text.clear();
    }
    encoder.finish(text);
    text += "\r\n--" + boundary + "--\r\n";
    if (auto done = write_all(mail->get(), bytes_of(text)); !done) return fail(done.error());
    if (::lseek(mail->get(), 0, SEEK_SET) < 0) return fail(system_error("mail"));
    return mail;
}

Result<Json> submit(cli::Globals const& globals, std::string const& address, int mail) {
    auto running = node::LocalApiClient::connect(Home(globals.home).gateway_socket());
    if (running) {
        return running->call({.verb = "submit",
                              .args = {{"sender", address},
                                       {"recipients", Json::array({address})},
                                       {"in_full", true}},
                              .settings = {}},
                             {mail});
    }
    MailWorld world(globals.verbose ? EventLog::Level::info : EventLog::Level::error);
    auto const config = globals.config();
    if (!config) return fail(config.error());
    auto gateway = world.open(globals, {});
    if (!gateway) return fail(gateway.error());
    mailgw::Envelope envelope;
    envelope.sender = address;
    envelope.recipients.push_back({.address = address, .notify = {}, .orcpt = {}});
    auto const message =
        (*gateway)->submit(mail, std::move(envelope), mailgw::Gateway::Handling::in_full);
    if (!message) return fail(message.error());
    Json outcome = outcome_json(*message);
    outcome["next_hop"] = config->gateway.next_hop;
    return outcome;
}

/// What became of the mail: sent is not all that can happen, and a Maildir is no mail server.
std::string fate_of(Json const& outcome, std::string const& address) {
    Json const& recipient = outcome.at("recipients").at(0);
    std::string const state = recipient.value("state", "");
    std::string const reason = recipient.value("reason", "");
    if (state == "failed") return "NOT mailed to " + address + ": " + reason;
    if (state == "queued")
        return "waits to be mailed to " + address + ": " + reason + "; see `satchel queue`";
    std::string hop = outcome.value("next_hop", "");
    constexpr std::string_view maildir = "maildir:";
    if (!hop.starts_with(maildir)) return "mailed to " + address + " through " + hop;
    hop.erase(0, maildir.size());
    constexpr std::string_view placeholder = "{recipient}";
    if (auto const at = hop.find(placeholder); at != std::string::npos)
        hop.replace(at, placeholder.size(), mailgw::maildir_name(address));
    return "put into the Maildir " + hop +
           ". For a mail server in its place, set next_hop under [gateway] in satchel.toml";
}

Result<cli::ExitStatus> mail(cli::Globals const& globals, std::string const& reference) {
    auto const id = content_id_in(reference);
    if (!id) return fail(id.error());
    auto const identity = load_identity(globals.home);
    if (!identity) return fail(identity.error());
    if (identity->addresses.empty())
        return fail(Fault::usage,
                    "this home has no address; `satchel init --address …` gives it one");
    std::string const address = identity->addresses.front().text();
    auto session = cli::NodeSession::open(globals);
    if (!session) return fail(session.error());
    auto const stored = fetch(*session, *id);
    if (!stored) return fail(stored.error());
    auto const composed = compose(*stored, address);
    if (!composed) return fail(composed.error());
    auto const outcome = submit(globals, address, composed->get());
    if (!outcome) return fail(outcome.error());
    std::string const state = outcome->at("recipients").at(0).value("state", "");
    if (globals.json) {
        cli::print_json({{"id", outcome->value("id", "")},
                         {"address", address},
                         {"content_id", id->to_hex()},
                         {"bytes", stored->bytes},
                         {"state", state},
                         {"next_hop", outcome->value("next_hop", "")}});
    } else {
        cli::print_line(stored->name + ", " + cli::human_size(stored->bytes) + ": " +
                            fate_of(*outcome, address),
                        state == "done" ? stdout : stderr);
    }
    if (state == "failed") return cli::ExitStatus::unavailable;
    return state == "queued" ? cli::ExitStatus::try_later : cli::ExitStatus::ok;
}

}  // namespace

void add_mail(cli::CommandLine& line) {
    auto reference = std::make_shared<std::string>();
    line.verb("mail", "mail a stored file back to its owner in full")
        .argument("REF", *reference, "content id or satchel: reference")
        .example("satchel mail satchel:1:CONTENT_ID:BYTES")
        .run([reference](cli::Globals const& globals) { return mail(globals, *reference); });
}

}  // namespace satchel::programs
