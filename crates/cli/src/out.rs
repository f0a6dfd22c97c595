//! What is printed: results to stdout, complaints to stderr.

use std::fmt::Display;
use std::io::{self, Write};

use comfy_table::{LineStyle, TableStyle};

/// How tables look: nothing but a line under the header.
pub(crate) const TABLE: TableStyle =
    TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// A line, or several, on stdout.
///
/// # Errors
/// Those of writing; see [`is_closed`].
pub(crate) fn print(text: impl Display) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()
}

/// A line, or several, on stderr. When that fails there is nowhere left to say so.
pub(crate) fn complain(text: impl Display) {
    let _nowhere = writeln!(io::stderr().lock(), "{text}");
}

/// Whether an error says that the reader of stdout has gone, as `head` does: a normal end.
pub(crate) fn is_closed(error: &anyhow::Error) -> bool {
    let is_pipe = |cause: &io::Error| cause.kind() == io::ErrorKind::BrokenPipe;
    error.downcast_ref::<io::Error>().is_some_and(is_pipe)
}

/// This program as a shell finds it: it may not be where programs are looked for.
pub(crate) fn program() -> String {
    let path = std::env::current_exe().map(|path| path.display().to_string());
    let path = path.unwrap_or_else(|_| "wxhook".to_owned());
    if path.contains(char::is_whitespace) { format!("'{path}'") } else { path }
}
