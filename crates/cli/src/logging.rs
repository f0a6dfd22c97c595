//! Log lines and error messages on stderr, for which the program never waits.

mod queue;

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io;
use std::panic::PanicHookInfo;
use std::sync::OnceLock;
use std::time::Duration;

use queue::Queue;
use tracing_subscriber::EnvFilter;

use crate::args::LogFormat;
use crate::out;

/// The environment variable of the level, without `--log-level`.
const VARIABLE: &str = "WXHOOK_LOG";
/// Maximum time that the end of the program waits for a slow reader of stderr.
const FLUSH_LIMIT: Duration = Duration::from_secs(1);

/// Sends log lines and panic messages to stderr. `level` overrides the environment, which overrides `default`.
///
/// # Errors
/// A message for the user if the environment variable holds no directives.
pub(crate) fn init(format: LogFormat, level: Option<&str>, default: &str) -> Result<(), String> {
    let from_environment = std::env::var(VARIABLE).ok().filter(|text| !text.is_empty());
    let (place, directives) = match (level, &from_environment) {
        (Some(level), _) => ("--log-level", level),
        (None, Some(level)) => (VARIABLE, level.as_str()),
        (None, None) => ("", default),
    };
    let filter = EnvFilter::try_new(directives).map_err(|error| format!("{place}: {error}"))?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(|| Line)
        // It would print them with a macro that panics when stderr can't be written.
        .log_internal_errors(false);
    let installed = match format {
        LogFormat::Human => builder.with_ansi(out::color(&io::stderr())).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).with_current_span(false).try_init(),
    };
    // A program that embeds this one may have a subscriber of its own already; that one stays, and so does its hook.
    if installed.is_ok() {
        std::panic::set_hook(Box::new(panicked));
    }
    Ok(())
}

/// Writes one or more lines to stderr, after earlier log lines.
pub(crate) fn complain(mut text: String) {
    text.push('\n');
    stderr().push(text.into_bytes());
    flush();
}

/// Waits until everything is written to stderr, but not for a reader that stalls.
pub(crate) fn flush() {
    stderr().flush(FLUSH_LIMIT);
}

/// Returns the number of dropped log lines.
pub(crate) fn dropped() -> u64 {
    stderr().dropped()
}

fn stderr() -> &'static Queue {
    static STDERR: OnceLock<Queue> = OnceLock::new();
    STDERR.get_or_init(|| {
        let report = |lines| tracing::warn!(lines, "log lines were dropped: stderr was full, closed or slow");
        // Not `io::stderr` where it can be avoided: a write that hangs would keep its lock from everybody else.
        #[cfg(unix)]
        if let Ok(file) = std::os::fd::AsFd::as_fd(&io::stderr()).try_clone_to_owned() {
            return Queue::new(std::fs::File::from(file), report);
        }
        Queue::new(io::stderr(), report)
    })
}

/// Logs a panic like the default hook, which would wait for stderr.
fn panicked(info: &PanicHookInfo<'_>) {
    let payload = info.payload();
    let text = payload.downcast_ref::<&str>().copied();
    let message =
        text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message");
    let at = info.location().map(ToString::to_string);
    let backtrace = Backtrace::capture();
    let backtrace = (backtrace.status() == BacktraceStatus::Captured).then(|| backtrace.to_string());
    let thread = std::thread::current().name().map(str::to_owned);
    tracing::error!(thread, at, backtrace, "panicked: {message}");
}

/// A writer of one formatted event, which is written at once.
struct Line;

impl io::Write for Line {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        stderr().push(event.to_vec());
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{PipeReader, Read as _, Write as _};
    use std::process::{Command, Stdio};

    const CHILD: &str = "LOGGING_TESTS_CHILD";
    /// The exit code of a child that got so far.
    const REACHED: i32 = 17;

    /// Runs [`the_childs_part`] in a process of its own.
    fn child(stderr: impl Into<Stdio>) -> i32 {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "logging::tests::the_childs_part", "--nocapture"]).env(CHILD, "1");
        command.env_remove("RUST_BACKTRACE").stdout(Stdio::null()).stderr(stderr);
        command.status().unwrap().code().unwrap()
    }

    #[test]
    fn the_childs_part() {
        if std::env::var_os(CHILD).is_none() {
            return;
        }
        init(LogFormat::Json, Some("info"), "").unwrap();
        let panics = || -> () { panic!("as the test says") };
        std::thread::Builder::new().name("handler".to_owned()).spawn(panics).unwrap().join().unwrap_err();
        flush();
        std::process::exit(REACHED);
    }

    #[test]
    fn a_panic_is_a_log_line() {
        let (mut reader, writer): (PipeReader, _) = io::pipe().unwrap();
        assert_eq!(child(writer), REACHED);
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        assert_eq!(text.lines().count(), 1, "{text}");
        let line: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(line["message"], "panicked: as the test says");
        assert_eq!((&line["level"], &line["thread"]), (&"ERROR".into(), &"handler".into()));
        assert!(line["at"].as_str().unwrap().contains("logging.rs:"), "{line}");
    }

    #[test]
    fn a_panic_waits_for_no_reader_and_needs_no_disk() {
        let (_reader, mut full) = io::pipe().unwrap();
        // As much as the pipe holds.
        full.write_all(&[b'x'; 1 << 16]).unwrap();
        assert_eq!(child(full), REACHED);
        assert_eq!(child(std::fs::File::options().write(true).open("/dev/full").unwrap()), REACHED);
    }
}
