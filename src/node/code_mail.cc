#include "src/node/code_mail.h"

#include <array>
#include <ctime>

#include <sys/mman.h>

#include "src/base/unique_fd.h"
#include "src/node/local_api_client.h"

namespace satchel::node {

namespace {

std::tm utc(std::uint64_t unix_seconds) {
    auto const time = static_cast<std::time_t>(unix_seconds);
    std::tm parts{};
    ::gmtime_r(&time, &parts);
    return parts;
}

/// RFC 5322 §3.3.
std::string date_of(std::uint64_t unix_seconds) {
    std::tm const parts = utc(unix_seconds);
    std::array<char, 64> text{};
    auto const length =
        std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S +0000", &parts);
    return {text.data(), length};
}

std::string hour_of(std::uint64_t unix_seconds) {
    std::tm const parts = utc(unix_seconds);
    std::array<char, 64> text{};
    auto const length = std::strftime(text.data(), text.size(), "%H:%M UTC", &parts);
    return {text.data(), length};
}

}  // namespace

std::string code_mail_text(CodeMail const& mail) {
    std::string const to = mail.to.text();
    std::string text;
    auto const line = [&text](std::string const& words) { text += words + "\r\n"; };
    line("From: Satchel <postmaster@" + mail.to.domain() + ">");
    line("To: <" + to + ">");
    line("Subject: " + mail.code + " is your code for Satchel");
    line("Date: " + date_of(mail.now));
    line("Message-ID: <" + mail.unique + "@" + mail.to.domain() + ">");
    line("Auto-Submitted: auto-generated");
    line("MIME-Version: 1.0");
    line("Content-Type: text/plain; charset=utf-8");
    line("");
    line("Somebody, most likely you, wants attachments for " + to);
    line("to go to a storage of their own, with the user key " + mail.user_key.short_form() +
         "...");
    line("");
    line("If it was you, type this where you asked, before " + hour_of(mail.expires) + ":");
    line("");
    line("    satchel enroll " + to + " --code " + mail.code);
    line("");
    line("From then on the attachments of mail to this address go to your storage, and the mail");
    line("has a short text in their place. A device without Satchel shows that text alone;");
    line("`satchel mail` sends a file back to your mailbox in full.");
    line("");
    line("If it was not you, or if others read this mailbox too (a list, an alias), do nothing:");
    line("then nothing changes.");
    return text;
}

Status send_code_mail(CodeMail const& mail, std::filesystem::path const& gateway_socket) {
    UniqueFd file(::memfd_create("mail", MFD_CLOEXEC));
    if (!file) return fail(system_error("a file in memory"));
    std::string const text = code_mail_text(mail);
    if (auto written = write_all_at(file.get(), bytes_of(text), 0); !written)
        return fail(written.error());
    auto gateway = LocalApiClient::connect(gateway_socket);
    if (!gateway) return fail(Fault::unavailable, "this home's gateway does not run");
    LocalRequest request;
    request.verb = "submit";
    request.args = {
        {"sender", ""}, {"recipients", Json::array({mail.to.text()})}, {"in_full", true}};
    auto const taken = gateway->call(request, {file.get()});
    return taken ? Status() : Status(fail(taken.error()));
}

}  // namespace satchel::node
