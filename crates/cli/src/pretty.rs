use unicode_width::UnicodeWidthStr as _;

/// JSON over several lines, its tokens and their order untouched.
pub(crate) fn pretty(json: &str) -> String {
    let mut out = String::with_capacity(json.len() * 2);
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    let mut characters = json.chars().peekable();
    while let Some(character) = characters.next() {
        if in_string {
            out.push(character);
            in_string = escaped || character != '"';
            escaped = character == '\\' && !escaped;
            continue;
        }
        match character {
            '"' => {
                in_string = true;
                out.push(character);
            }
            '{' | '[' => {
                out.push(character);
                let close = if character == '{' { '}' } else { ']' };
                if characters.next_if_eq(&close).is_some() {
                    out.push(close);
                } else {
                    depth += 1;
                    line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut out, depth);
                out.push(character);
            }
            ',' => {
                out.push(character);
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            other => out.push(other),
        }
    }
    out
}

fn line(out: &mut String, depth: usize) {
    out.push('\n');
    out.extend(std::iter::repeat_n("  ", depth));
}

/// Writes JSON over several lines, where what fits a line of this width stands on one.
pub(crate) fn compact(json: &str, width: usize) -> String {
    let pretty = pretty(json);
    let lines: Vec<_> = pretty.lines().collect();
    let (mut out, mut at) = (Vec::new(), 0);
    while let Some(line) = lines.get(at) {
        let depth = indent(line);
        let end =
            lines.iter().skip(at + 1).position(|other| indent(other) == depth).map(|more| at + 1 + more);
        let whole = end.filter(|_| at > 0 && line.ends_with(['{', '['])).and_then(|end| {
            let inner = lines.get(at + 1..=end)?.iter().map(|line| line.trim_start());
            let one = inner.fold((*line).to_owned(), |mut one, next| {
                if one.ends_with(',') {
                    one.push(' ');
                }
                one.push_str(next);
                one
            });
            (one.width() <= width).then_some((one, end))
        });
        match whole {
            Some((one, end)) => {
                out.push(one);
                at = end + 1;
            }
            None => {
                out.push((*line).to_owned());
                at += 1;
            }
        }
    }
    out.join("\n")
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// Nothing that a terminal could take for more than text.
pub(crate) fn plain(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { '\u{fffd}' } else { character }).collect()
}

#[cfg(test)]
mod tests {
    use super::{compact, pretty};

    #[test]
    fn tokens_and_order_stay() {
        let json = r#"{"z":1.50,"a":["x,{}:","\"\\",{}],"e":[],"n":{"m":null}}"#;
        let expected = "{\n  \"z\": 1.50,\n  \"a\": [\n    \"x,{}:\",\n    \"\\\"\\\\\",\n    {}\n  ],\n  \"e\": [],\n  \"n\": {\n    \"m\": null\n  }\n}";
        assert_eq!(pretty(json), expected);
    }

    #[test]
    fn what_fits_a_line_stands_on_one() {
        let json = r#"{"amount":{"total":1,"n":[1,{}]},"long":{"text":"0123456789 0123456789","more":1}}"#;
        let expected = "{\n  \"amount\": {\"total\": 1, \"n\": [1, {}]},\n  \"long\": {\n    \"text\": \"0123456789 0123456789\",\n    \"more\": 1\n  }\n}";
        assert_eq!(compact(json, 44), expected);
    }
}
