//! Tables that fit the terminal: columns shrink in a given order. Elsewhere they are complete.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Spaces between columns.
const GAP: usize = 2;
const CUT: char = '…';

/// The way in which a column shrinks.
#[derive(Debug, Clone)]
pub(crate) enum Shrink {
    /// It doesn't.
    Never,
    /// It is left out.
    Whole,
    /// It is replaced by a shorter header and cells.
    To(String, Vec<String>),
    /// Cells are truncated at their end, down to this width.
    End(usize),
    /// Cells are truncated at their beginning, down to this width.
    Start(usize),
}

/// A column of a table.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    header: String,
    cells: Vec<String>,
    shrink: Shrink,
    right: bool,
}

impl Column {
    pub(crate) fn new(header: impl Into<String>, cells: Vec<String>, shrink: Shrink) -> Self {
        Self { header: header.into(), cells, shrink, right: false }
    }

    /// Aligns its cells to the right.
    pub(crate) fn right(mut self) -> Self {
        self.right = true;
        self
    }

    fn width(&self) -> usize {
        self.cells.iter().chain([&self.header]).map(|cell| cell.width()).max().unwrap_or_default()
    }

    /// Shrinks by up to `excess` columns. Returns whether the column stays.
    fn shrink_by(&mut self, excess: usize) -> bool {
        let width = self.width();
        let cut: fn(&str, usize) -> String = match &self.shrink {
            Shrink::Never => return true,
            Shrink::Whole => return false,
            Shrink::To(header, cells) => {
                (self.header, self.cells) = (header.clone(), cells.clone());
                return true;
            }
            Shrink::End(_) => end,
            Shrink::Start(_) => start,
        };
        if let Shrink::End(least) | Shrink::Start(least) = self.shrink {
            let left = width.saturating_sub(excess).max(least);
            self.cells.iter_mut().for_each(|cell| *cell = cut(cell, left));
        }
        true
    }
}

/// Returns a table of at most this width; `order` are the indices of the columns that shrink, in this order.
pub(crate) fn grid(columns: Vec<Column>, order: &[usize], width: Option<usize>) -> String {
    let mut columns: Vec<_> = columns.into_iter().map(Some).collect();
    for index in order {
        let excess = width.map_or(0, |width| total(&columns).saturating_sub(width));
        if excess > 0
            && let Some(place) = columns.get_mut(*index)
            && let Some(column) = place
            && !column.shrink_by(excess)
        {
            *place = None;
        }
    }
    let columns: Vec<_> = columns.into_iter().flatten().collect();
    let widths: Vec<_> = columns.iter().map(Column::width).collect();
    let line = |texts: &mut dyn Iterator<Item = &str>| {
        let mut line = String::new();
        for ((text, column), width) in texts.zip(&columns).zip(&widths) {
            let blanks = " ".repeat(width.saturating_sub(text.width()));
            line.extend(if column.right { [&*blanks, text] } else { [text, &*blanks] });
            line.push_str(&" ".repeat(GAP));
        }
        line.truncate(line.trim_end().len());
        line
    };
    let mut lines = vec![line(&mut columns.iter().map(|column| &*column.header))];
    lines.push("─".repeat((widths.iter().sum::<usize>() + GAP * widths.len()).saturating_sub(GAP)));
    for row in 0..columns.iter().map(|column| column.cells.len()).max().unwrap_or_default() {
        lines.push(line(&mut columns.iter().map(|column| column.cells.get(row).map_or("", String::as_str))));
    }
    lines.join("\n")
}

fn total(columns: &[Option<Column>]) -> usize {
    let widths = columns.iter().flatten().map(|column| column.width() + GAP);
    widths.sum::<usize>().saturating_sub(GAP)
}

/// Truncates a text at its end to this width.
pub(crate) fn end(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut kept: String = taken(text.chars(), width).into_iter().collect();
    kept.push(CUT);
    kept
}

/// Truncates a text at its beginning.
fn start(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let kept = taken(text.chars().rev(), width);
    std::iter::once(CUT).chain(kept.into_iter().rev()).collect()
}

/// Takes characters as long as the mark still fits.
fn taken(characters: impl Iterator<Item = char>, width: usize) -> Vec<char> {
    let mut left = width.saturating_sub(1);
    let fits = |character: &char| {
        let width = character.width().unwrap_or_default();
        let fits = width <= left;
        left = left.saturating_sub(width);
        fits
    };
    characters.take_while(fits).collect()
}

/// Wraps a text into lines of at most this width, those after the first one indented.
pub(crate) fn wrap(text: &str, indent: usize, width: Option<usize>) -> String {
    let Some(width) = width.filter(|width| *width > indent + 20) else { return text.to_owned() };
    let (mut out, mut used) = (String::new(), 0);
    for piece in pieces(text) {
        let length = piece.trim_end().width();
        if used + length > width && used > indent {
            out.truncate(out.trim_end().len());
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', indent));
            used = indent;
            let piece = piece.trim_start();
            out.push_str(piece);
            used += piece.width();
        } else {
            out.push_str(piece);
            used += piece.width();
        }
    }
    out
}

/// Splits a text into words with the spaces after them, and single wide characters.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let mut characters = rest.char_indices();
        let (_, first) = characters.next()?;
        let is_wide = |character: char| character.width() == Some(2);
        let mut blank = first == ' ';
        let end = if is_wide(first) {
            first.len_utf8()
        } else {
            let ends = characters.find(|(_, next)| {
                let ends = is_wide(*next) || (blank && *next != ' ');
                blank |= *next == ' ';
                ends
            });
            ends.map_or(rest.len(), |(end, _)| end)
        };
        let (piece, after) = rest.split_at_checked(end)?;
        rest = after;
        Some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(header: &str, cells: &[&str], shrink: Shrink) -> Column {
        Column::new(header, cells.iter().map(|cell| (*cell).to_owned()).collect(), shrink)
    }

    fn columns() -> Vec<Column> {
        vec![
            column("n", &["1", "22"], Shrink::Never),
            column("name", &["TRANSACTION.SUCCESS", "支付成功支付成功"], Shrink::End(7)),
            column("number", &["12175025012014", "7"], Shrink::Start(5)),
            column("key", &["shop/a=12175025012014"], Shrink::Whole),
        ]
    }

    #[test]
    fn without_a_width_nothing_is_cut() {
        let table = grid(columns(), &[3, 1, 2], None);
        assert!(table.contains("TRANSACTION.SUCCESS  12175025012014  shop/a=12175025012014"), "{table}");
        assert!(!table.contains(CUT));
    }

    #[test]
    fn columns_shrink_by_in_their_order() {
        for width in 19..60 {
            let table = grid(columns(), &[3, 1, 2], Some(width));
            assert!(table.lines().all(|line| line.width() <= width), "{width}\n{table}");
        }
        let wide = grid(columns(), &[3, 1, 2], Some(39));
        assert!(!wide.contains("key") && wide.contains("TRANSACTION.SUCCESS  12175025012014"), "{wide}");
        let narrow = grid(columns(), &[3, 1, 2], Some(20));
        assert!(narrow.contains("TRANSA…  …012014"), "{narrow}");
        assert!(narrow.contains("支付成…"), "{narrow}");
    }

    #[test]
    fn text_is_wrapped_at_blanks_and_between_wide_characters() {
        let wrapped = wrap("one two three four five six seven", 2, Some(24));
        assert_eq!(wrapped, "one two three four five\n  six seven");
        let wrapped = wrap("商户系统对同一笔订单的通知只处理一次", 4, Some(26));
        assert_eq!(wrapped, "商户系统对同一笔订单的通知\n    只处理一次");
        assert_eq!(wrap("one two three", 2, None), "one two three");
        let long = "x".repeat(40);
        assert_eq!(wrap(&format!("a {long} b"), 1, Some(24)), format!("a\n {long}\n b"));
    }
}
