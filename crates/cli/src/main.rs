//! The program `wxhook`: the commands of `wxhook_cli` with the events that WeChat Pay documents.

use std::process::ExitCode;

/// Faster than the system allocator for the many small allocations of a notification.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    wxhook_cli::run(std::env::args_os(), wxhook_events::catalog())
}
