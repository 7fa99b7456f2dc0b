// NoThrow: the last line of defence of the public API, which throws nothing: what a library below
// still throws (no memory, mostly) becomes a Status.
#pragma once

#include <exception>
#include <new>
#include <string>

#include "sagitta/status.h"

namespace sagitta::database {

// fn() returns Status or Result<T>.
template <typename Fn>
auto NoThrow(const Fn& fn) -> decltype(fn()) {
  try {
    return fn();
  } catch (const std::bad_alloc&) {
    return Status::ResourceExhausted("out of memory");
  } catch (const std::exception& error) {
    return Status::Internal(std::string("unexpected exception: ") + error.what());
  }
}

}  // namespace sagitta::database
