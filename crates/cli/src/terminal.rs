//! Facts about stdout: its width and colours.

use std::io::{self, IsTerminal as _};

use comfy_table::Table;

/// Returns whether stdout is a terminal.
pub(crate) fn is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// Returns the terminal's width in columns, if stdout is one.
pub(crate) fn width() -> Option<usize> {
    Table::new().width().map(usize::from).filter(|width| *width > 0)
}

/// Returns whether stdout is coloured: `NO_COLOR`, `CLICOLOR_FORCE` and `CLICOLOR` count, in this order.
pub(crate) fn is_coloured() -> bool {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    if variable("NO_COLOR").is_some() {
        return false;
    }
    if variable("CLICOLOR_FORCE").is_some_and(|value| value != "0") {
        return true;
    }
    variable("CLICOLOR").is_none_or(|value| value != "0")
        && variable("TERM").is_none_or(|value| value != "dumb")
        && is_terminal()
}

/// A colour that means something.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Colour {
    Red,
    Green,
}

/// Colours a text, where stdout is coloured.
pub(crate) fn paint(text: &str, colour: Colour) -> String {
    if !is_coloured() {
        return text.to_owned();
    }
    let code = match colour {
        Colour::Red => 31,
        Colour::Green => 32,
    };
    format!("\u{1b}[{code}m{text}\u{1b}[0m")
}
