#include <cstdlib>
#include <filesystem>
#include <memory>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "src/base/atomic_file.h"
#include "src/cli/output.h"
#include "src/cli/verbs.h"
#include "src/core/home.h"
#include "src/node/local_api_client.h"

namespace satchel::cli {

namespace {

struct Args {
    std::string reference;
    bool print = false;
};

/// A file that leads on. Command lines can be read by every user of a machine: the address, which
/// logs in whoever comes first, must not stand in a browser's.
Result<std::filesystem::path> write_way(std::filesystem::path const& folder,
                                        std::string const& url) {
    auto const file = folder / "open.html";
    std::string const html =
        "<!doctype html><meta charset=utf-8><title>Satchel</title>"
        "<meta name=referrer content=no-referrer>"
        "<meta http-equiv=refresh content=\"0;url=" +
        url + "\"><a href=\"" + url + "\">Open the page of your node</a>\n";
    if (auto written = write_atomically(file, bytes_of(html)); !written)
        return fail(written.error());
    return file;
}

/// True: something on this desktop took it.
bool open_in_browser(std::filesystem::path const& file) {
    bool const desktop =
        std::getenv("DISPLAY") != nullptr || std::getenv("WAYLAND_DISPLAY") != nullptr;
    if (!desktop) return false;
    pid_t const pid = ::fork();
    if (pid == 0) {
        int const nowhere = ::open("/dev/null", O_RDWR | O_CLOEXEC);
        ::dup2(nowhere, STDOUT_FILENO);
        ::dup2(nowhere, STDERR_FILENO);
        ::execlp("xdg-open", "xdg-open", file.c_str(), nullptr);
        ::_exit(127);
    }
    int status = 0;
    return pid > 0 && ::waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
           WEXITSTATUS(status) == 0;
}

Result<std::string> ask_address(Globals const& globals, std::string const& reference) {
    auto client = node::LocalApiClient::connect(Home(globals.home).node_socket());
    if (!client && client.error().fault != Fault::unavailable) return fail(client.error());
    if (!client)
        return fail(Fault::unavailable,
                    "no node runs in this home: start it first (`satchel --home " +
                        globals.home.string() + " node`)");
    auto const answer =
        client->call({.verb = "open_page", .args = {{"ref", reference}}, .settings = {}});
    if (!answer) return fail(answer.error());
    return answer->value("url", "");
}

Result<ExitStatus> open_page(Globals const& globals, Args const& args) {
    auto const url = ask_address(globals, args.reference);
    if (!url) return fail(url.error());
    if (globals.json) {
        print_json({{"url", *url}});
        return ExitStatus::ok;
    }
    if (!args.print) {
        auto const way = write_way(Home(globals.home).node_socket().parent_path(), *url);
        if (way && open_in_browser(*way)) {
            print_line("The page of your node opens in your browser.");
            return ExitStatus::ok;
        }
    }
    print_line("Open this within two minutes; it works once:\n" + *url);
    return ExitStatus::ok;
}

}  // namespace

void add_open(CommandLine& line) {
    auto args = std::make_shared<Args>();
    line.verb("open", "open the page of this home's node in a browser")
        .argument("REF", args->reference, "content id or satchel: reference to be shown [all]",
                  Verb::Need::optional)
        .flag("--print", args->print, "only say the address; it logs one browser in, once")
        .example("satchel open")
        .run([args](Globals const& globals) { return open_page(globals, *args); });
}

}  // namespace satchel::cli
