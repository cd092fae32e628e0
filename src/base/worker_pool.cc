#include "src/base/worker_pool.h"

namespace satchel {

WorkerPool::WorkerPool(asio::io_context& owner, unsigned threads)
    : owner_(owner)
    , pool_(threads) {}

WorkerPool::~WorkerPool() {
    finish();
}

void WorkerPool::finish() {
    pool_.stop();
    pool_.join();
}

}  // namespace satchel
