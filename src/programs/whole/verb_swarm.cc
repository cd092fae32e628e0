#include <string>

#include <sys/socket.h>
#include <unistd.h>

#include "src/base/sandbox.h"
#include "src/programs/whole/frugal_memory.h"
#include "src/programs/whole/programs.h"
#include "transfer/swarm_worker.h"

namespace satchel::programs {

namespace {

constexpr int node_fd = 3;  ///< src/node/swarm_process.cc hands the socket over there

bool is_message_socket(int fd) {
    int type = 0;
    socklen_t size = sizeof(type);
    return ::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET;
}

Status run(std::string const& listening) {
    auto const listen = Endpoint::parse(listening, Endpoint::ZeroPort::allow);
    if (!listen || !is_message_socket(node_fd))
        return fail(Fault::usage, "a node runs this by itself: run `satchel node`");
    give_back_large_buffers();
    let_go_of_start();
    UniqueFd node(node_fd);
    auto const entered = enter_sandbox(::getppid(), {});
    if (!entered) return fail(entered.error());
    return transfer::run_swarm_worker(std::move(node), *listen);
}

}  // namespace

bool is_swarm(int argc, char const* const* argv) {
    return argc > 1 && std::string(argv[1]) == "swarm";
}

int run_swarm(int argc, char const* const* argv) {
    bool const well_said = argc == 4 && std::string(argv[2]) == "--listen";
    auto const ran = run(well_said ? argv[3] : "");
    if (ran) return 0;
    std::string const line = "satchel: " + ran.error().what + "\n";
    static_cast<void>(write_all(STDERR_FILENO, bytes_of(line)));
    return ran.error().fault == Fault::usage ? 64 : 75;
}

}  // namespace satchel::programs
