//! What is printed: results to stdout, complaints to stderr.

use std::ffi::OsStr;
use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use comfy_table::{LineStyle, TableStyle};

use crate::logging;

/// How tables look: nothing but a line under the header.
pub(crate) const TABLE: TableStyle =
    TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// Returns whether text on this stream (stdout, stderr) is coloured: on a terminal, unless `NO_COLOR`, `CLICOLOR=0` or `TERM=dumb` say
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

/// A line, or several, on stdout.
///
/// # Errors
/// Those of writing; see [`is_closed`].
pub(crate) fn print(text: impl Display) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()
}

/// Writes a line, or several, to stderr. Where that fails there is nowhere left to say so.
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

/// Returns whether an error says that the reader of stdout has gone, as `head` does: a normal end.
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
