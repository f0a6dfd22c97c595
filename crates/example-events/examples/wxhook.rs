//! A `wxhook` of one's own: all its commands know the events of this crate beside the documented ones.

use std::process::ExitCode;

fn main() -> ExitCode {
    wxhook_cli::run(std::env::args_os(), wxhook_cli::catalogs![wxhook_events, wxhook_example_events])
}
