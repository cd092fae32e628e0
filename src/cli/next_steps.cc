#include "src/cli/next_steps.h"

#include <algorithm>

namespace satchel::cli {

namespace {

/// "b.test" of bob@b.test, or of a host mx.b.test.
std::string domain_of(NewHome const& made) {
    if (auto const at = made.address.rfind('@'); at != std::string::npos)
        return made.address.substr(at + 1);
    auto const dot = made.host.find('.');
    bool const has_two =
        dot != std::string::npos && made.host.find('.', dot + 1) != std::string::npos;
    return has_two ? made.host.substr(dot + 1) : "example.test";
}

std::string mail_host(NewHome const& made) {
    return made.host.find('.') == std::string::npos ? "mail." + domain_of(made) : made.host;
}

std::vector<NextStep> for_user(NewHome const& made, std::string const& satchel) {
    NextStep const node{satchel + "node", "run your storage node, and leave it running"};
    NextStep const doctor{satchel + "doctor", "see whether senders can reach it"};
    if (made.address.empty())
        return {node, doctor, {satchel + "status", "see what it stores, and its place in the DHT"}};
    return {node,
            {satchel + "enroll " + shell_word(made.address),
             "have your domain's gateway vouch for you. A domain without one: its admin runs "
             "`satchel domain bind " +
                 shell_word(made.address) + ' ' + made.user_key + ' ' + made.age_recipient +
                 "`, and you `satchel publish --binding` what that prints"},
            doctor};
}

std::string dns_command(NewHome const& made, std::string const& satchel,
                        std::string const& gateway_key) {
    std::string const host = mail_host(made);
    return satchel + "domain dns " + domain_of(made) + " --gateway " + host +
           ":7473 --gateway-key " + gateway_key + " --dht " + host + ":7475";
}

std::vector<NextStep> for_gateway(NewHome const& made, std::string const& satchel) {
    return {{satchel + "--set gateway.next_hop=smtp://127.0.0.1:10026 gateway",
             "run the gateway; it takes mail on 127.0.0.1:10025 and hands it back on 10026. "
             "satchel.toml keeps such settings"},
            {satchel + "domain init " + domain_of(made),
             "make the domain's key here, so that your users can enroll by themselves"},
            {dns_command(made, satchel, made.node_key),
             "print the DNS records that tell the world of the key and of this gateway"}};
}

std::vector<NextStep> for_admin(NewHome const& made, std::string const& satchel) {
    std::string const domain = domain_of(made);
    return {{satchel + "domain init " + domain, "make the domain's signing key"},
            {dns_command(made, satchel, "KEY"),
             "print the DNS records to publish; KEY is what `satchel id` shows as node key in the "
             "gateway's home"},
            {satchel + "domain bind bob@" + domain + " USER_KEY AGE_RECIPIENT > bob.binding",
             "vouch for a user, with the keys that their `satchel id` shows; they run "
             "`satchel publish --binding @bob.binding`"}};
}

}  // namespace

Result<Role> parse_role(std::string const& text) {
    if (text.empty() || text == "user") return Role::user;
    if (text == "gateway") return Role::gateway;
    if (text == "admin") return Role::admin;
    return fail(Fault::usage, "--role " + text + ": user, gateway or admin is wanted");
}

std::vector<NextStep> next_steps(Role role, NewHome const& made) {
    std::string const satchel =
        made.home.empty() ? "satchel " : "satchel --home " + shell_word(made.home) + ' ';
    switch (role) {
        case Role::user:
            return for_user(made, satchel);
        case Role::gateway:
            return for_gateway(made, satchel);
        case Role::admin:
            return for_admin(made, satchel);
    }
    return {};
}

std::string shell_word(std::string const& text) {
    bool const plain = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("@%+=:,./-_").find(c) != std::string_view::npos;
    });
    if (plain) return text;
    std::string word = "'";
    for (char const c : text)
        word += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return word + "'";
}

}  // namespace satchel::cli
