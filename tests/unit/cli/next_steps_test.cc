#include "src/cli/next_steps.h"

#include <doctest/doctest.h>

using namespace satchel::cli;

namespace {

std::vector<std::string> commands(Role role, NewHome const& made) {
    std::vector<std::string> list;
    for (NextStep const& step : next_steps(role, made))
        list.push_back(step.command);
    return list;
}

}  // namespace

TEST_CASE("next steps: three commands that can be pasted") {
    NewHome const bob{.home = "",
                      .address = "bob@b.test",
                      .host = "pc",
                      .user_key = "U=",
                      .age_recipient = "age1r",
                      .node_key = "N="};
    CHECK(commands(Role::user, bob) ==
          std::vector<std::string>{"satchel node", "satchel enroll bob@b.test", "satchel doctor"});
    CHECK(next_steps(Role::user, bob)[1].why.find("satchel domain bind bob@b.test U= age1r") !=
          std::string::npos);
    NewHome const gateway{.home = "/var/lib/my mail",
                          .address = "",
                          .host = "mx.b.test",
                          .user_key = "U=",
                          .age_recipient = "age1r",
                          .node_key = "N="};
    CHECK(commands(Role::gateway, gateway) ==
          std::vector<std::string>{"satchel --home '/var/lib/my mail' --set "
                                   "gateway.next_hop=smtp://127.0.0.1:10026 gateway",
                                   "satchel --home '/var/lib/my mail' domain init b.test",
                                   "satchel --home '/var/lib/my mail' domain dns b.test --gateway "
                                   "mx.b.test:7473 --gateway-key N= "
                                   "--dht mx.b.test:7475"});
    CHECK(commands(Role::admin, bob)[2] ==
          "satchel domain bind bob@b.test USER_KEY AGE_RECIPIENT > bob.binding");
    NewHome const nameless{.home = "",
                           .address = "",
                           .host = "pc",
                           .user_key = "",
                           .age_recipient = "",
                           .node_key = ""};
    CHECK(commands(Role::user, nameless) ==
          std::vector<std::string>{"satchel node", "satchel doctor", "satchel status"});
    CHECK(commands(Role::admin, nameless)[0] == "satchel domain init example.test");
}

TEST_CASE("next steps: roles") {
    CHECK(parse_role("") == Role::user);
    CHECK(parse_role("gateway") == Role::gateway);
    CHECK(parse_role("admin") == Role::admin);
    CHECK_FALSE(parse_role("boss"));
    CHECK_FALSE(parse_role("Gateway"));
}

TEST_CASE("shell_word") {
    CHECK(shell_word("a/b@c.test") == "a/b@c.test");
    CHECK(shell_word("") == "''");
    CHECK(shell_word("it's $HOME") == "'it'\\''s $HOME'");
}
