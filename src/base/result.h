// Either a value, or an Error that says what to do. Ignoring one is a compiler warning, hence an
// error.
#pragma once

#include <string>
#include <utility>

#include <tl/expected.hpp>

#include "src/base/error.h"

namespace satchel {

template <class T>
struct [[nodiscard]] Result : tl::expected<T, Error> {
    using Base = tl::expected<T, Error>;
    using Base::Base;

    Result(Base b)  // NOLINT(google-explicit-constructor): chaining
        : Base(std::move(b)) {}
};

/// For operations that yield nothing but success.
using Status = Result<void>;

inline tl::unexpected<Error> fail(Fault fault, std::string what) {
    return tl::unexpected<Error>(Error{fault, std::move(what)});
}

inline tl::unexpected<Error> fail(Error error) {
    return tl::unexpected<Error>(std::move(error));
}

}  // namespace satchel
