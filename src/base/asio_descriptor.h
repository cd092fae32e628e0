// Asio's waiting for file descriptors of the system, apart from asio.h: few need it.
#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>

#include "src/base/asio.h"
