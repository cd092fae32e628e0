// What a server gives back of the memory that it holds no longer for a purpose.
#pragma once

namespace satchel::programs {

/// Before there is a second thread: large buffers go back to the system when they are let go.
void give_back_large_buffers();

/// What only the start needed of the program and its libraries is read again should it be wanted.
void let_go_of_start();

}  // namespace satchel::programs
