//! `cargo xtask lines`: counts lines of code by crate.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Prints the number of code lines of each crate, and their sum.
///
/// A code line is neither blank nor a comment. Tests, benches, examples and generated files don't count.
pub(crate) fn run() -> anyhow::Result<()> {
    let mut crates = BTreeMap::from([("xtask".to_owned(), count_folder(&crate::root().join("xtask/src"))?)]);
    for entry in fs::read_dir(crate::root().join("crates"))? {
        let entry = entry?;
        crates.insert(
            entry.file_name().to_string_lossy().into_owned(),
            count_folder(&entry.path().join("src"))?,
        );
    }
    for (name, lines) in &crates {
        println!("{lines:7} {name}");
    }
    println!("{:7}", crates.values().sum::<usize>());
    Ok(())
}

fn count_folder(folder: &Path) -> anyhow::Result<usize> {
    let mut sum = 0;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            if !(path.ends_with("generated") || path.ends_with("tests")) {
                sum += count_folder(&path)?;
            }
        } else if path.extension().is_some_and(|found| found == "rs") && !path.ends_with("tests.rs") {
            sum += count(&fs::read_to_string(path)?);
        }
    }
    Ok(sum)
}

/// Counts the code lines of formatted source, without its `mod tests { … }`.
fn count(source: &str) -> usize {
    let mut lines = source.lines();
    let mut sum = 0;
    while let Some(line) = lines.next() {
        let code = line.trim_start();
        if code.ends_with("mod tests {") {
            let end = format!("{}}}", " ".repeat(line.len() - code.len()));
            lines.by_ref().find(|line| *line == end);
        } else if !code.is_empty() && !code.starts_with("//") {
            sum += 1;
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::count;

    #[test]
    fn comments_blank_lines_and_tests_do_not_count() {
        let source =
            "//! Doc.\n\nfn a() {\n    // why\n    b()\n}\n\nmod tests {\n    use super::*;\n}\nfn c() {}\n";
        assert_eq!(count(source), 4);
        assert_eq!(count("mod tests;\n"), 1);
    }
}
