//! One cell: an optional link, a lock, `{rowspan=N colspan=M}`.

use std::mem;

use crate::codegen::fault::Fault;
use crate::codegen::model::Protocol;

const LOCK: &str = ":closed_lock_with_key:";

/// A cell as written.
#[derive(Debug, PartialEq)]
pub(super) struct Cell {
    pub(super) content: Content,
    pub(super) rowspan: usize,
    pub(super) colspan: usize,
}

#[derive(Debug, PartialEq)]
pub(super) enum Content {
    Empty,
    Text(String),
    Link(Link),
}

/// `[title](/webhook/v3/EVENT#FRAGMENT) :closed_lock_with_key:`
#[derive(Debug, PartialEq)]
pub(super) struct Link {
    pub(super) title: String,
    pub(super) protocol: Protocol,
    pub(super) event: String,
    pub(super) fragment: Option<String>,
    pub(super) locked: bool,
}

/// The cells of a line that begins with a pipe. One at its end is optional; `\|` is part of a cell.
pub(super) fn split(line: &str) -> Vec<String> {
    let line = line.trim();
    let mut cells = Vec::new();
    let mut cell = String::new();
    let mut chars = line.strip_prefix('|').unwrap_or(line).chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '\\' if chars.next_if_eq(&'|').is_some() => cell.push('|'),
            '|' => cells.push(mem::take(&mut cell)),
            char => cell.push(char),
        }
    }
    if !cell.trim().is_empty() {
        cells.push(cell);
    }
    cells.iter().map(|cell| cell.trim().to_owned()).collect()
}

/// Reads one cell; `place` is where it stands.
pub(super) fn parse(text: &str, place: &str) -> Result<Cell, Fault> {
    let (content, rest) = if text.starts_with('[') {
        let (link, rest) = link(text, place)?;
        (Content::Link(link), rest)
    } else {
        let (text, rest) = text.split_at(text.find('{').unwrap_or(text.len()));
        match text.trim() {
            "" => (Content::Empty, rest),
            text => (Content::Text(text.to_owned()), rest),
        }
    };
    let (rowspan, colspan) = attributes(rest.trim(), place)?;
    Ok(Cell { content, rowspan, colspan })
}

/// The link and its lock, and what follows.
fn link<'t>(text: &'t str, place: &str) -> Result<(Link, &'t str), Fault> {
    let (title, rest) = title(text, place)?;
    let Some(rest) = rest.strip_prefix('(') else {
        let mend = "write [title](/webhook/v3/EVENT#VARIANT)";
        return Err(Fault::new(place, format!("no `(` after `[{title}]`"), mend));
    };
    let Some((path, rest)) = rest.split_once(')') else {
        return Err(Fault::new(place, format!("the `(` after `[{title}]` is never closed"), "add a `)`"));
    };
    let Some((protocol, event, fragment)) = target(path) else {
        let mend = "write /webhook/v2/NAME or /webhook/v3/EVENT, with #VARIANT if it is one";
        return Err(Fault::new(place, format!("`{path}` leads to no event"), mend));
    };
    let after_lock = rest.trim_start().strip_prefix(LOCK);
    let link = Link { title, protocol, event, fragment, locked: after_lock.is_some() };
    Ok((link, after_lock.unwrap_or(rest)))
}

/// Returns the text between `[` and the `]` that closes it, and what follows. Pairs inside are part of it, and so is what
/// a backslash escapes.
fn title<'t>(text: &'t str, place: &str) -> Result<(String, &'t str), Fault> {
    let mut title = String::new();
    let mut depth = 0;
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        match char {
            '\\' => title.extend(chars.next()),
            ']' if depth == 1 => {
                if title.trim().is_empty() {
                    return Err(Fault::new(place, "a link without a title", "write it between the brackets"));
                }
                return Ok((title, chars.as_str()));
            }
            '[' if depth == 0 => depth = 1,
            char => {
                depth = match char {
                    '[' => depth + 1,
                    ']' => depth - 1,
                    _ => depth,
                };
                title.push(char);
            }
        }
    }
    Err(Fault::new(place, "a `[` is never closed", r"add a `]`, or write `\[` where it is part of the title"))
}

fn target(path: &str) -> Option<(Protocol, String, Option<String>)> {
    let (version, name) = path.strip_prefix("/webhook/")?.split_once('/')?;
    let protocol = match version {
        "v2" => Protocol::V2,
        "v3" => Protocol::V3,
        _ => return None,
    };
    let (event, fragment) = match name.split_once('#') {
        Some((event, fragment)) => (event, Some(fragment)),
        None => (name, None),
    };
    let is_name = |name: &str| {
        !name.is_empty() && name.chars().all(|char| char.is_ascii_alphanumeric() || "._-".contains(char))
    };
    (is_name(event) && fragment.is_none_or(is_name))
        .then(|| (protocol, event.into(), fragment.map(String::from)))
}

/// (rowspan, colspan), 1 where the braces don't say.
fn attributes(text: &str, place: &str) -> Result<(usize, usize), Fault> {
    if text.is_empty() {
        return Ok((1, 1));
    }
    let Some(text) = text.strip_prefix('{') else {
        let mend = format!("only `{LOCK}` and `{{rowspan=N colspan=M}}` may follow a link");
        return Err(Fault::new(place, format!("`{text}` after the link"), mend));
    };
    let Some(text) = text.strip_suffix('}') else {
        return Err(Fault::new(place, "a `{` is never closed", "end the cell with `}`"));
    };
    let (mut rowspan, mut colspan) = (None, None);
    for attribute in text.split_whitespace() {
        let (name, number) = attribute.split_once('=').unwrap_or((attribute, ""));
        let span = match name {
            "rowspan" => &mut rowspan,
            "colspan" => &mut colspan,
            _ => {
                let mend = "write rowspan=N, colspan=M or both";
                return Err(Fault::new(place, format!("unknown attribute `{attribute}`"), mend));
            }
        };
        let number = number.parse().ok().filter(|number| *number > 0);
        if number.is_none() || span.is_some() {
            return Err(Fault::new(place, format!("`{attribute}`"), "give one whole number from 1"));
        }
        *span = number;
    }
    Ok((rowspan.unwrap_or(1), colspan.unwrap_or(1)))
}
