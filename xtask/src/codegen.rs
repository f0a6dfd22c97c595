//! `cargo xtask codegen`: the events crate from the overview table and the catalog files.

mod check;
mod diff;
mod fault;
mod files;
mod input;
mod join;
mod keys;
mod model;
mod names;
mod output;
mod overview;
#[cfg(test)]
mod sample;
mod write;

use std::fmt::Write as _;
use std::path::Path;

use anyhow::bail;

use fault::Fault;
use input::Sources;

/// Writes what the inputs give; with `check` only compares, and fails where anything differs.
pub(crate) fn run(check: bool) -> anyhow::Result<()> {
    run_in(crate::root(), check)
}

fn run_in(root: &Path, check: bool) -> anyhow::Result<()> {
    let outputs = generate(root)?;
    if check {
        let stale = output::compare(root, &outputs)?;
        if stale.is_empty() {
            return Ok(());
        }
        bail!("generated files aren't what the catalog gives{}", lines(&stale));
    }
    for path in output::update(root, &outputs)? {
        println!("{}", path.display());
    }
    Ok(())
}

/// Prints what another edition of the overview has that the newest known one hasn't, and the reverse.
pub(crate) fn diff(file: &Path) -> anyhow::Result<()> {
    println!("{}", diff::diff(&Sources::read(crate::root())?, file)?.trim_end());
    Ok(())
}

/// All generated files, formatted.
fn generate(root: &Path) -> anyhow::Result<Vec<write::Output>> {
    let sources = Sources::read(root)?;
    let catalog = match input::load(&sources) {
        Ok(catalog) => catalog,
        Err(faults) => bail!("the catalog has faults{}", lines(&faults)),
    };
    let places = output::undeclared(root, &catalog)?;
    if !places.is_empty() {
        bail!("an area isn't declared{}", lines(&places));
    }
    let mut outputs = write::write(&catalog);
    outputs.push(write::Output { path: input::KEYS.into(), text: keys::lock(&catalog) });
    output::format(root, &mut outputs)?;
    Ok(outputs)
}

fn lines(faults: &[Fault]) -> String {
    faults.iter().fold(String::from(":"), |mut text, fault| {
        let _written = write!(text, "\n{fault}");
        text
    })
}

#[cfg(test)]
mod tests;
