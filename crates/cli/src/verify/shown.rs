//! Text that somebody sent, fit for a terminal.

/// As much of it as is shown, in bytes.
const MOST: usize = 64;

/// Printable ASCII, the rest escaped, cut.
pub(super) fn shown(text: &str) -> String {
    let mut escaped: String =
        text.bytes().take(MOST + 1).flat_map(std::ascii::escape_default).map(char::from).collect();
    if escaped.len() > MOST {
        escaped.truncate(MOST - 3);
        escaped.push_str("...");
    }
    escaped
}

/// A number of seconds, as people say it.
pub(super) fn span(seconds: u64) -> String {
    humantime::format_duration(std::time::Duration::from_secs(seconds)).to_string()
}

#[cfg(test)]
mod tests {
    use super::{shown, span};

    #[test]
    fn nothing_reaches_a_terminal_but_ascii() {
        assert_eq!(shown("a\x1b[31m\n支"), "a\\x1b[31m\\n\\xe6\\x94\\xaf");
        assert_eq!(shown(&"x".repeat(64)).len(), 64);
        assert_eq!(shown(&"\x1b".repeat(5000)).len(), 64);
        assert_eq!(span(7384), "2h 3m 4s");
    }
}
