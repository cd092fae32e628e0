// Ownership of GMime objects that its manual calls "transfer full".
#pragma once

#include <memory>
#include <string>

#include <gmime/gmime.h>

namespace satchel::mailgw {

struct ObjectUnref {
    void operator()(void* object) const noexcept { g_object_unref(object); }
};

template <class T>
using GHandle = std::unique_ptr<T, ObjectUnref>;

template <class T>
GHandle<T> adopt(T* owned) noexcept {
    return GHandle<T>(owned);
}

/// Before any other call of GMime. Idempotent, any thread.
void ensure_gmime();

/// A C string that may be null.
inline std::string text_or_empty(char const* text) {
    return text == nullptr ? std::string() : std::string(text);
}

}  // namespace satchel::mailgw
