//! Other implementations of the protocol, installed from their registries into `target/interop`.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Context;
use cargo_metadata::MetadataCommand;

use crate::process;

/// Time limit for one step of one attempt, which takes seconds if the registry responds.
const LIMIT: Duration = Duration::from_secs(4 * 60);
/// Number of attempts, since a registry may be unavailable for a moment.
const ATTEMPTS: u32 = 3;
/// Name of the file that lists what a folder was filled with; written last.
const STAMP: &str = "installed-from";

/// Installs them unless they are there, and returns the variables that tell the tests where.
pub(crate) fn ensure() -> anyhow::Result<[(&'static str, PathBuf); 2]> {
    let inputs = crate::root().join("fixtures/interop");
    let folder = target()?.join("interop");
    fs::create_dir_all(&folder)?;
    // Held until the end of this function, against a second run at the same time.
    let lock = File::create(folder.join("lock"))?;
    lock.lock().context("can't lock target/interop")?;
    let python = python(&inputs, &folder.join("python"))?;
    let node_modules = node(&inputs, &folder.join("node"))?;
    Ok([("INTEROP_PYTHON", python), ("INTEROP_NODE_MODULES", node_modules)])
}

fn target() -> anyhow::Result<PathBuf> {
    let manifest = crate::root().join("Cargo.toml");
    let metadata = MetadataCommand::new().manifest_path(manifest).no_deps().exec()?;
    Ok(metadata.target_directory.into_std_path_buf())
}

/// Returns the interpreter of an environment with the packages of `requirements.txt`.
fn python(inputs: &Path, folder: &Path) -> anyhow::Result<PathBuf> {
    let requirements = inputs.join("requirements.txt");
    let python = folder.join("bin/python");
    installed(folder, &[&requirements], &python, || {
        process::run(Command::new("python3").args(["-m", "venv"]).arg(folder), LIMIT)?;
        let mut pip = Command::new(&python);
        pip.args([
            "-m",
            "pip",
            "install",
            "--no-input",
            "--disable-pip-version-check",
            "--quiet",
            "--requirement",
        ]);
        process::run(pip.arg(&requirements), LIMIT)
    })?;
    Ok(python)
}

/// Returns the folder with the packages of `package-lock.json`.
fn node(inputs: &Path, folder: &Path) -> anyhow::Result<PathBuf> {
    let files = ["package-lock.json", "package.json", ".npmrc"].map(|name| inputs.join(name));
    let modules = folder.join("node_modules");
    installed(folder, &files.each_ref(), &modules, || {
        for file in &files {
            fs::copy(file, folder.join(file.file_name().unwrap_or_default()))?;
        }
        process::run(Command::new("npm").args(["ci", "--no-progress"]).current_dir(folder), LIMIT)
    })?;
    Ok(modules)
}

/// Fills a folder unless that was done with the same inputs and `result` is still there.
fn installed(
    folder: &Path,
    inputs: &[&PathBuf],
    result: &Path,
    install: impl Fn() -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut wanted = String::new();
    for input in inputs {
        let content = fs::read_to_string(input).with_context(|| format!("can't read {}", input.display()))?;
        wanted.push_str(&content);
    }
    let stamp = folder.join(STAMP);
    if result.exists() && fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
        return Ok(());
    }
    let mut attempt = 1;
    loop {
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
        fs::create_dir_all(folder)?;
        match install() {
            Ok(()) => break,
            Err(error) if attempt < ATTEMPTS => println!("{error:#}; trying again"),
            Err(error) => {
                let what = "can't install the packages that tests need (fixtures/interop/README.md)";
                return Err(error.context(what));
            }
        }
        attempt += 1;
    }
    Ok(fs::write(stamp, wanted)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::bail;
    use std::cell::Cell;

    /// Returns how often it is installed when `fails` attempts fail, and whether it succeeds in the end.
    fn install(folder: &Path, input: &str, fails: u32) -> (u32, bool) {
        let file = folder.join("input");
        fs::write(&file, input).unwrap();
        let (target, count) = (folder.join("target"), Cell::new(0));
        let result = target.join("result");
        let done = installed(&target, &[&file], &result, || {
            assert!(!result.exists(), "each attempt starts empty");
            fs::write(&result, "")?;
            count.set(count.get() + 1);
            if count.get() <= fails { bail!("unavailable") } else { Ok(()) }
        });
        (count.get(), done.is_ok())
    }

    #[test]
    fn an_installed_package_is_not_installed_again() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(install(folder.path(), "a", 0), (1, true));
        assert_eq!(install(folder.path(), "a", 0), (0, true));
        assert_eq!(install(folder.path(), "b", 0), (1, true), "other versions");
        fs::remove_file(folder.path().join("target/result")).unwrap();
        assert_eq!(install(folder.path(), "b", 0), (1, true), "it is gone");
    }

    #[test]
    fn a_failed_attempt_is_repeated_and_a_lasting_failure_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(install(folder.path(), "a", ATTEMPTS - 1), (ATTEMPTS, true));
        assert_eq!(install(folder.path(), "b", ATTEMPTS), (ATTEMPTS, false));
        assert_eq!(install(folder.path(), "b", 0), (1, true));
    }
}
