//! Programs that tests start, installed if they are missing.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};

use crate::process::{self, STEP_LIMIT};

/// A program and its Debian package.
struct Tool {
    program: &'static str,
    package: &'static str,
    /// Arguments with which it succeeds if it is complete; empty if its presence is enough.
    whole: &'static [&'static str],
}

const TOOLS: &[Tool] = &[
    Tool { program: "openssl", package: "openssl", whole: &[] },
    // Tests start servers of their own; the package's service needn't run.
    Tool { program: "redis-server", package: "redis-server", whole: &[] },
    // Debian's python3 has no environments of its own.
    Tool { program: "python3", package: "python3-venv", whole: &["-c", "import ensurepip, venv"] },
    Tool { program: "node", package: "nodejs", whole: &[] },
    Tool { program: "npm", package: "npm", whole: &[] },
];

/// Installs every missing program.
pub(crate) fn ensure() -> anyhow::Result<()> {
    let path = env::var_os("PATH").unwrap_or_default();
    let packages: Vec<_> =
        TOOLS.iter().filter(|tool| !tool.is_there(&path)).map(|tool| tool.package).collect();
    if packages.is_empty() {
        return Ok(());
    }
    let wanted = packages.join(" ");
    ensure!(
        is_on(&path, "apt-get"),
        "tests need these Debian packages, and there is no apt-get to install them: {wanted}"
    );
    ensure!(
        is_root()?,
        "tests need programs that only root can install; please run: apt-get install {wanted}"
    );
    process::run(apt_get().arg("update"), STEP_LIMIT)?;
    process::run(apt_get().args(["install", "--yes", "--no-install-recommends"]).args(packages), STEP_LIMIT)
}

impl Tool {
    fn is_there(&self, path: &OsStr) -> bool {
        is_on(path, self.program) && (self.whole.is_empty() || self.is_whole())
    }

    fn is_whole(&self) -> bool {
        let mut command = Command::new(self.program);
        command.args(self.whole).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    }
}

fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}

fn is_root() -> anyhow::Result<bool> {
    let output = Command::new("id").arg("-u").output().context("can't start `id`")?;
    Ok(output.stdout.trim_ascii() == b"0")
}

fn is_on(path: &OsStr, program: &str) -> bool {
    env::split_paths(path).any(|dir| is_executable(&dir.join(program)))
}

fn is_executable(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_only_on_the_path_given() {
        let path = env::var_os("PATH").unwrap();
        assert!(is_on(&path, "sh"));
        assert!(!is_on(&path, "no-such-program"));
        assert!(!is_on(OsStr::new(""), "sh"));
    }

    #[test]
    fn a_program_that_lacks_a_part_is_not_there() {
        let path = env::var_os("PATH").unwrap();
        let shell = |whole| Tool { program: "sh", package: "", whole };
        assert!(shell(&[]).is_there(&path));
        assert!(shell(&["-c", "exit 0"]).is_there(&path));
        assert!(!shell(&["-c", "exit 1"]).is_there(&path));
    }

    #[test]
    fn a_file_without_the_executable_bit_is_no_program() {
        assert!(!is_on(crate::root().as_os_str(), "Cargo.toml"));
    }
}
