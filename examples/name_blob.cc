// Names files as Satchel names blobs, with the library that `meson install` installs:
//   g++ name_blob.cc $(pkg-config --cflags --libs satchel) -o name_blob && ./name_blob FILE…
#include <cstdio>
#include <fstream>
#include <vector>

#include "src/core/reference.h"
#include "transfer/merkle_root.h"

namespace {

satchel::Result<satchel::Reference> name_of(char const* path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) return satchel::fail(satchel::Fault::not_found, "can't be read");
    satchel::transfer::MerkleHasher hasher;
    std::vector<char> chunk(1 << 20);
    while (file.read(chunk.data(), static_cast<std::streamsize>(chunk.size())) || file.gcount() > 0)
        hasher.write(satchel::bytes_of({chunk.data(), static_cast<std::size_t>(file.gcount())}));
    auto const tree = hasher.finish();
    if (!tree) return satchel::fail(tree.error());
    return satchel::Reference{tree->root, tree->size};
}

}  // namespace

int main(int count, char** paths) {
    int failures = 0;
    for (int i = 1; i < count; ++i) {
        auto const name = name_of(paths[i]);
        if (name) {
            std::printf("%s  %s\n", name->to_string().c_str(), paths[i]);
        } else {
            std::fprintf(stderr, "%s: %s\n", paths[i], name.error().what.c_str());
            ++failures;
        }
    }
    return failures == 0 ? 0 : 1;
}
