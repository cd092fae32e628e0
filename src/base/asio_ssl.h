// Asio's TLS stream and whole reads and writes, for the sockets of transfer. Costly: keep it behind
// few .cc files.
#pragma once

#include "src/base/asio.h"
// Asio first: Boost 1.74's headers want <utility> before them.
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
