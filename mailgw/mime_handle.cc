#include "mailgw/mime_handle.h"

namespace satchel::mailgw {

void ensure_gmime() {
    static bool const started = [] {
        g_mime_init();
        return true;
    }();
    static_cast<void>(started);
}

}  // namespace satchel::mailgw
