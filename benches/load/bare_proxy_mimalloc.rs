//! The bare proxy with the allocator that linkgate has, to tell what the allocator alone gives.

#[path = "bare_proxy.rs"]
#[allow(dead_code)] // Its `main` is not the one of this program.
mod bare_proxy;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    bare_proxy::run()
}
