// The disk of this process, made to fail: the calls that change it (write, pwrite, fsync, rename,
// unlink, …) are counted, and at a chosen one the process dies as by kill -9, or the disk is full.
// Linked into a test program, it stands in front of the C library for SQLite too.
#pragma once

#include <cstdint>

namespace satchel::testing {

struct FailingDisk {
    /// The `n`-th changing call from now on (1 is the next) kills this process before it is done.
    static void die_at(std::uint64_t n);

    /// From the `n`-th changing call on every write fails with ENOSPC.
    static void fill_up_at(std::uint64_t n);

    /// The `n`-th fsync from now on (1 is the next) fails, and no later one: Linux tells of lost
    /// pages once.
    static void fail_sync_at(std::uint64_t n);

    /// All is well again.
    static void mend();
};

}  // namespace satchel::testing
