// How many files and connections this process may have open at once.
#pragma once

namespace satchel::programs {

/// Servers bound their connections themselves, at more than the usual soft limit of 1,024
/// descriptors: beyond that they could not even take the next connection to refuse it.
void raise_descriptor_limit();

}  // namespace satchel::programs
