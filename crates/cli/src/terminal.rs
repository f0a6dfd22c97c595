//! Facts about stdout: its width and colours.

use std::io::{self, IsTerminal as _};

use comfy_table::Table;

use crate::out;

/// Returns whether stdout is a terminal.
pub(crate) fn is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// Returns the terminal's width in columns, if stdout is one.
pub(crate) fn width() -> Option<usize> {
    Table::new().width().map(usize::from).filter(|width| *width > 0)
}

/// A colour that means something.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Colour {
    Red,
    Green,
}

/// Colours a text, where stdout is coloured.
pub(crate) fn paint(text: &str, colour: Colour) -> String {
    if !out::color(&io::stdout()) {
        return text.to_owned();
    }
    let code = match colour {
        Colour::Red => 31,
        Colour::Green => 32,
    };
    format!("\u{1b}[{code}m{text}\u{1b}[0m")
}
