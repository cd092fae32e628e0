#include "mailgw/stop_signal.h"

#include <cstdint>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace satchel::mailgw {

StopSignal::StopSignal()
    : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

void StopSignal::raise() const {
    std::uint64_t const one = 1;
    [[maybe_unused]] ssize_t const written = ::write(fd_.get(), &one, sizeof one);
}

bool StopSignal::raised() const {
    pollfd wait{fd_.get(), POLLIN, 0};
    return ::poll(&wait, 1, 0) > 0;
}

}  // namespace satchel::mailgw
