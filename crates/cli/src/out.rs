//! Output: results to stdout, complaints to stderr, and facts about the terminal.

use std::ffi::OsStr;
use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use comfy_table::{LineStyle, Table, TableStyle};

use crate::logging;

/// The style of tables: only a line under the header.
pub(crate) const TABLE: TableStyle =
    TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// Returns whether text on this stream (stdout, stderr) is colored: on a terminal, unless `NO_COLOR`, `CLICOLOR=0` or `TERM=dumb` say
/// otherwise; elsewhere only with `CLICOLOR_FORCE`. `NO_COLOR` comes before all others.
pub(crate) fn color(stream: &impl IsTerminal) -> bool {
    wants_color(stream.is_terminal(), |name| std::env::var_os(name))
}

fn wants_color<T: AsRef<OsStr>>(is_terminal: bool, variable: impl Fn(&str) -> Option<T>) -> bool {
    let value = |name| variable(name).filter(|value| !value.as_ref().is_empty());
    let is = |name, text: &str| value(name).is_some_and(|value| value.as_ref() == text);
    if value("NO_COLOR").is_some() {
        false
    } else if value("CLICOLOR_FORCE").is_some() && !is("CLICOLOR_FORCE", "0") {
        true
    } else {
        is_terminal && !is("CLICOLOR", "0") && !is("TERM", "dumb")
    }
}

/// Prints one or more lines on stdout.
///
/// # Errors
/// The errors of writing; see [`is_closed`].
pub(crate) fn print(text: impl Display) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()
}

/// Writes one or more lines to stderr. Ignores errors.
pub(crate) fn complain(text: impl Display) {
    logging::complain(text.to_string());
}

/// Returns text of unknown origin for a terminal: printable ASCII, the rest escaped, at most 64 bytes.
pub(crate) fn escaped(bytes: &[u8]) -> String {
    const MAX: usize = 64;
    let mut text: String = bytes.escape_ascii().take(MAX + 1).map(char::from).collect();
    if text.len() > MAX {
        text.truncate(MAX - 3);
        text.push_str("...");
    }
    text
}

/// Returns whether an error means that the reader of stdout has exited, as `head` does: a normal end.
pub(crate) fn is_closed(error: &anyhow::Error) -> bool {
    let is_pipe = |cause: &io::Error| cause.kind() == io::ErrorKind::BrokenPipe;
    error.downcast_ref::<io::Error>().is_some_and(is_pipe)
}

/// Returns the path of this program for a shell command: it may not be in `PATH`.
pub(crate) fn program() -> String {
    let path = std::env::current_exe().map(|path| path.display().to_string());
    let path = path.unwrap_or_else(|_| "wxhook".to_owned());
    if path.contains(char::is_whitespace) { format!("'{path}'") } else { path }
}

/// Returns whether stdout is a terminal.
pub(crate) fn is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// Returns the terminal's width in columns, if stdout is one.
pub(crate) fn width() -> Option<usize> {
    Table::new().width().map(usize::from).filter(|width| *width > 0)
}

/// A color with a meaning.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Colour {
    Red,
    Green,
}

/// Colors a text if stdout is colored.
pub(crate) fn paint(text: &str, colour: Colour) -> String {
    if !color(&io::stdout()) {
        return text.to_owned();
    }
    let code = match colour {
        Colour::Red => 31,
        Colour::Green => 32,
    };
    format!("\u{1b}[{code}m{text}\u{1b}[0m")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_unknown_origin_is_escaped_and_truncated() {
        assert_eq!(escaped("a\x1b[31m\n支".as_bytes()), "a\\x1b[31m\\n\\xe6\\x94\\xaf");
        assert_eq!(escaped(&[b'x'; 64]).len(), 64);
        assert_eq!(escaped(&[0x1b; 5000]).len(), 64);
    }

    #[test]
    fn the_environment_decides_about_colour() {
        for (variables, piped, on_a_terminal) in [
            (&[][..], false, true),
            (&[("NO_COLOR", "1")], false, false),
            (&[("NO_COLOR", "0")], false, false),
            (&[("NO_COLOR", "")], false, true),
            (&[("CLICOLOR", "0")], false, false),
            (&[("CLICOLOR", "1")], false, true),
            (&[("CLICOLOR_FORCE", "1")], true, true),
            (&[("CLICOLOR_FORCE", "0")], false, true),
            (&[("CLICOLOR_FORCE", "1"), ("CLICOLOR", "0")], true, true),
            (&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], false, false),
            (&[("TERM", "dumb")], false, false),
            (&[("TERM", "xterm")], false, true),
        ] {
            let variable =
                |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
            let found = (wants_color(false, variable), wants_color(true, variable));
            assert_eq!(found, (piped, on_a_terminal), "{variables:?}");
        }
    }
}
