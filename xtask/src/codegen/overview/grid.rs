//! Which columns a cell covers, spans from above counted.

use std::ops::Range;

use super::cell::{Cell, Content, Link};
use crate::codegen::fault::Fault;
use crate::codegen::model::Protocol;

/// The format and the two modes.
pub(super) const COLUMNS: usize = 3;

/// A line of the table.
#[derive(Debug)]
pub(super) struct Line {
    /// Number of the line, from 1.
    pub(super) number: usize,
    pub(super) cells: Vec<Cell>,
}

/// A line whose cells have found their columns.
#[derive(Debug)]
pub(super) struct Placed<'t> {
    pub(super) line: usize,
    /// The format of its group.
    pub(super) format: Protocol,
    /// The number of its group, from 0.
    pub(super) group: usize,
    /// Number of the cell, from 1; the columns that it covers.
    pub(super) links: Vec<(usize, Range<usize>, &'t Link)>,
}

/// A cell that covers a column, and for how many lines more.
#[derive(Clone, Debug)]
struct Span {
    lines: usize,
    place: String,
}

/// Places all lines; ends at the first fault, since nothing behind it would be where it belongs.
pub(super) fn place<'t>(file: &str, lines: &'t [Line]) -> Result<Vec<Placed<'t>>, Fault> {
    let mut grid = Grid { file, columns: Default::default(), format: None, groups: 0 };
    let placed = lines.iter().map(|line| grid.place(line)).collect::<Result<_, _>>()?;
    match grid.columns.iter().flatten().find(|span| span.lines > 0) {
        Some(Span { lines, place }) => Err(Fault::new(
            place,
            "its rowspan goes past the end of the table",
            format!("lower it by {lines}"),
        )),
        None => Ok(placed),
    }
}

struct Grid<'t> {
    file: &'t str,
    columns: [Option<Span>; COLUMNS],
    format: Option<Protocol>,
    groups: usize,
}

impl Grid<'_> {
    fn place<'t>(&mut self, line: &'t Line) -> Result<Placed<'t>, Fault> {
        for column in &mut self.columns {
            column.take_if(|span| span.lines == 0);
        }
        let mut above = self.columns.clone();
        let mut links = Vec::new();
        let mut next = 0;
        for (number, cell) in (1..).zip(&line.cells) {
            let place = format!("{}:{}: cell {number}", self.file, line.number);
            let first = (next..COLUMNS).find(|column| !is_covered(&above, *column));
            let Some(first) = first else {
                let mend = "take it away, or lower a rowspan or colspan before it";
                return Err(Fault::new(place, "no column is left for it", mend));
            };
            next = first + cell.colspan;
            self.accept(cell, first, &place)?;
            if next > COLUMNS {
                let what = format!("colspan={} goes past the last of {COLUMNS} columns", cell.colspan);
                return Err(Fault::new(place, what, format!("lower it to {}", COLUMNS - first)));
            }
            if let Some(column) = (first..next).find(|column| is_covered(&above, *column)) {
                let mend = "lower its colspan or the rowspan above";
                return Err(Fault::new(place, format!("column {} is covered from above", column + 1), mend));
            }
            for column in above.iter_mut().take(next).skip(first) {
                *column = Some(Span { lines: cell.rowspan, place: place.clone() });
            }
            if let Content::Link(link) = &cell.content {
                links.push((number, first..next, link));
            }
        }
        let (Some(format), true) = (self.format, is_covered(&above, 0)) else {
            return Err(missing_format(&format!("{}:{}: cell 1", self.file, line.number)));
        };
        for span in above.iter_mut().flatten() {
            span.lines -= 1;
        }
        self.columns = above;
        Ok(Placed { line: line.number, format, group: self.groups - 1, links })
    }

    /// The first column takes formats, the others links.
    fn accept(&mut self, cell: &Cell, column: usize, place: &str) -> Result<(), Fault> {
        match (&cell.content, column) {
            (Content::Text(text), 0) => {
                let format = match text.as_str() {
                    "XML" => Protocol::V2,
                    "JSON" => Protocol::V3,
                    _ => {
                        return Err(Fault::new(
                            place,
                            format!("unknown format `{text}`"),
                            "write XML or JSON",
                        ));
                    }
                };
                if cell.colspan > 1 {
                    return Err(Fault::new(place, "a format over several columns", "take its colspan away"));
                }
                self.format = Some(format);
                self.groups += 1;
                Ok(())
            }
            (_, 0) => Err(missing_format(place)),
            (Content::Text(text), _) => {
                let mend = match &self.columns {
                    [Some(format), ..] => format!("write a link, or lower the rowspan at {}", format.place),
                    _ => "write a link".to_owned(),
                };
                Err(Fault::new(place, format!("`{text}` in the column of a mode"), mend))
            }
            (Content::Empty | Content::Link(_), _) => Ok(()),
        }
    }
}

fn is_covered(columns: &[Option<Span>; COLUMNS], column: usize) -> bool {
    columns.get(column).is_some_and(Option::is_some)
}

fn missing_format(place: &str) -> Fault {
    let mend = "begin the line with XML or JSON, or raise the rowspan of the format above";
    Fault::new(place, "the format is missing", mend)
}
