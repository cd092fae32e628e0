// Serves `POST /v1/enroll` where this home is a domain's gateway: the desk rules, the office mails
// the codes.
#pragma once

#include "src/base/event_log.h"
#include "src/base/worker_pool.h"
#include "src/node/enrolment_desk.h"
#include "transfer/control_host.h"

namespace satchel::node {

/// Owner's thread; all references must outlive it.
class EnrolmentOffice {
public:
    struct World {
        WorkerPool& workers;
        EnrolmentDesk& desk;
        Clock const& clock;
        Randomness& randomness;
        EventLog const& log;
        std::filesystem::path gateway_socket;
    };

    explicit EnrolmentOffice(World world)
        : world_(std::move(world)) {}

    /// As transfer::ControlHost::enroll.
    asio::awaitable<Result<transfer::EnrollAnswer>> enroll(transfer::Caller caller,
                                                           transfer::EnrollRequest request);

private:
    asio::awaitable<Result<transfer::EnrollAnswer>> mail(transfer::EnrollRequest request,
                                                         Asker asker, CodeToMail code);

    World world_;
    std::size_t under_way_ = 0;
};

}  // namespace satchel::node
