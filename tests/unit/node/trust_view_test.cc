#include "src/node/trust_view.h"

#include <fstream>

#include <doctest/doctest.h>

#include "tests/support/temp_folder.h"

namespace satchel::node {

namespace {

void write_settings(Home const& home, std::string const& text) {
    std::ofstream(home.root() / "satchel.toml", std::ios::trunc) << text;
}

Trust minimum(Result<TrustView> const& view) {
    REQUIRE(view);
    return view->config().trust.minimum;
}

}  // namespace

TEST_CASE("trust source: what was edited counts at once, and a request's settings for it alone") {
    testing::TempFolder const folder;
    Home const home(folder / "home");
    REQUIRE(home.ensure());
    auto const source = TrustSource::open(home, {});
    REQUIRE(source);
    CHECK(minimum(source->view({})) == Trust::domain);
    write_settings(home, "[trust]\nminimum = 'pinned'\n");
    CHECK(minimum(source->view({})) == Trust::pinned);
    CHECK(minimum(source->view({"trust.minimum=first-seen"})) == Trust::first_seen);
    CHECK(minimum(source->view({})) == Trust::pinned);
    // As long as the text before.
    write_settings(home, "[trust]\nminimum = 'domain'\n");
    CHECK(minimum(source->view({})) == Trust::domain);
    write_settings(home, "[trust]\nminimum = 'nobody'\n");
    CHECK_FALSE(source->view({}));
    write_settings(home, "");
    CHECK(minimum(source->view({})) == Trust::domain);
}

}  // namespace satchel::node
