//! The program `wxhook`: the commands of `wxhook_cli` with the events that WeChat Pay documents.

use std::process::ExitCode;

fn main() -> ExitCode {
    wxhook_cli::run(std::env::args_os(), wxhook_events::catalog())
}
