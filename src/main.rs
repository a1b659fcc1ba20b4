//! The `linkgate` program: everything is in the library.
#![forbid(unsafe_code)]

use std::process::ExitCode;

// Faster than the system's for many small, short-lived headers.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    linkgate::cli::run()
}
