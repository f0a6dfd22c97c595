//! Generated files and those that are there.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};

use super::fault::Fault;
use super::model::Catalog;
use super::write::{GENERATED, Output};

const MEND: &str = "edit fixtures/overview.md or fixtures/catalog instead, and run `cargo xtask codegen`";

/// A generated file that is longer asks for a smaller area.
const MAX_LINES: usize = 2_500;

/// Formats the Rust among them as `cargo fmt` would.
pub(super) fn format(root: &Path, outputs: &mut [Output]) -> anyhow::Result<()> {
    for output in outputs.iter_mut().filter(|output| output.path.extension().is_some_and(|ext| ext == "rs")) {
        output.text = formatted(root, &output.text).with_context(|| output.path.display().to_string())?;
        let lines = output.text.lines().count();
        if lines > MAX_LINES {
            bail!("{} would have {lines} lines, over {MAX_LINES}: divide the area", output.path.display());
        }
    }
    Ok(())
}

fn formatted(root: &Path, text: &str) -> anyhow::Result<String> {
    let mut rustfmt = Command::new("rustfmt")
        .args(["--edition", "2024", "--emit", "stdout", "--quiet", "--config-path"])
        .arg(root)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("can't start rustfmt: `rustup component add rustfmt`")?;
    let mut stdin = rustfmt.stdin.take().context("rustfmt has no input")?;
    let text = text.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(text.as_bytes()));
    let output = rustfmt.wait_with_output()?;
    if !output.status.success() || !matches!(writer.join(), Ok(Ok(()))) {
        bail!("rustfmt refuses what was generated: a fault of `cargo xtask codegen`");
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// Writes what differs and removes what isn't generated any more. Gives the paths.
pub(super) fn update(root: &Path, outputs: &[Output]) -> anyhow::Result<Vec<PathBuf>> {
    let mut changed = Vec::new();
    for output in outputs {
        let path = root.join(&output.path);
        if fs::read_to_string(&path).is_ok_and(|text| text == output.text) {
            continue;
        }
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&path, &output.text).with_context(|| output.path.display().to_string())?;
        changed.push(output.path.clone());
    }
    for path in leftovers(root, outputs)? {
        fs::remove_file(root.join(&path))?;
        changed.push(path);
    }
    Ok(changed)
}

/// Returns the differences, without writing anything.
pub(super) fn compare(root: &Path, outputs: &[Output]) -> anyhow::Result<Vec<Fault>> {
    let mut faults = Vec::new();
    for output in outputs {
        let place = output.path.display();
        match fs::read_to_string(root.join(&output.path)) {
            Err(_) => faults.push(Fault::new(place, "isn't there", "run `cargo xtask codegen`")),
            Ok(text) if text == output.text => {}
            Ok(text) => {
                let line =
                    text.lines().zip(output.text.lines()).take_while(|(one, other)| one == other).count() + 1;
                faults.push(Fault::new(format!("{place}:{line}"), "is stale or was edited by hand", MEND));
            }
        }
    }
    for path in leftovers(root, outputs)? {
        faults.push(Fault::new(path.display(), "isn't generated any more", "run `cargo xtask codegen`"));
    }
    Ok(faults)
}

/// Files in the folder of generated ones that aren't.
fn leftovers(root: &Path, outputs: &[Output]) -> anyhow::Result<Vec<PathBuf>> {
    let known: BTreeSet<&Path> = outputs.iter().map(|output| output.path.as_path()).collect();
    let mut leftovers = Vec::new();
    for folder in [PathBuf::from(GENERATED), Path::new(GENERATED).join("meta")] {
        let Ok(entries) = fs::read_dir(root.join(&folder)) else { continue };
        for entry in entries {
            let entry = entry?;
            let path = folder.join(entry.file_name());
            if entry.file_type()?.is_file() && !known.contains(path.as_path()) {
                leftovers.push(path);
            }
        }
    }
    leftovers.sort();
    Ok(leftovers)
}

/// Areas that the hand-written parts of the events crate don't name.
pub(super) fn undeclared(root: &Path, catalog: &Catalog) -> anyhow::Result<Vec<Fault>> {
    let mut faults = Vec::new();
    for (file, line) in [
        ("crates/events/Cargo.toml", "{area} = []"),
        ("crates/events/Cargo.toml", "\"{area}\","),
        ("crates/events/src/generated.rs", "pub mod {area};"),
        ("crates/events/src/lib.rs", "pub use generated::{area};"),
    ] {
        let text = fs::read_to_string(root.join(file)).context(file)?;
        for area in &catalog.areas {
            let line = line.replace("{area}", &area.name);
            if !text.lines().any(|known| known.trim() == line) {
                let what = format!("the area \"{}\" isn't declared", area.name);
                faults.push(Fault::new(file, what, format!("add the line `{line}`, as for the others")));
            }
        }
    }
    Ok(faults)
}
