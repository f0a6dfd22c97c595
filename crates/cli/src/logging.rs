use std::io;

use tracing_subscriber::EnvFilter;

use crate::args::LogFormat;

/// The environment variable for what `--log-level` says.
const VARIABLE: &str = "WXHOOK_LOG";

/// Sends log lines to stderr. `level` comes before the environment, and that before `default`.
///
/// # Errors
/// What to tell the user when the environment variable holds no directives.
pub(crate) fn init(format: LogFormat, level: Option<&str>, default: &str) -> Result<(), String> {
    let from_environment = std::env::var(VARIABLE).ok().filter(|text| !text.is_empty());
    let (place, directives) = match (level, &from_environment) {
        (Some(level), _) => ("--log-level", level),
        (None, Some(level)) => (VARIABLE, level.as_str()),
        (None, None) => ("", default),
    };
    let filter = EnvFilter::try_new(directives).map_err(|error| format!("{place}: {error}"))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    // A program that embeds this one may have a subscriber of its own already; that one stays.
    let _already_there = match format {
        LogFormat::Human => builder.with_ansi(io::IsTerminal::is_terminal(&io::stderr())).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).with_current_span(false).try_init(),
    };
    Ok(())
}
