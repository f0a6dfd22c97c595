//! Child processes with a time limit.

use std::env;
use std::fs;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, bail};

/// Maximum time for one step.
pub(crate) const STEP_LIMIT: Duration = Duration::from_secs(40 * 60);

/// Returns a command for the running `cargo` in the root of the workspace.
///
/// The variables that `cargo run` sets for xtask itself are removed: build scripts look at them, and would run again each
/// time a chore follows a plain `cargo build`.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(crate::root());
    for (name, _) in env::vars_os() {
        if name
            .to_str()
            .is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_"))
        {
            command.env_remove(name);
        }
    }
    command
}

/// Runs `command` without stdin, and returns an error unless it succeeds.
///
/// After `limit` it is killed together with all its descendants: a hanging test is a child of cargo, and would keep our
/// output open.
pub(crate) fn run(command: &mut Command, limit: Duration) -> anyhow::Result<()> {
    let line = describe(command);
    println!("$ {line}");
    let mut child = command.stdin(Stdio::null()).spawn().with_context(|| format!("can't start `{line}`"))?;
    let id = child.id();
    let (ended, end) = mpsc::channel();
    thread::spawn(move || ended.send(child.wait()));
    match end.recv_timeout(limit) {
        Ok(status) => match status? {
            status if status.success() => Ok(()),
            status => bail!("`{line}` failed: {status}"),
        },
        Err(_) => {
            kill(&with_descendants(id, &processes()))?;
            bail!("`{line}` took longer than {} s and was killed", limit.as_secs())
        }
    }
}

fn describe(command: &Command) -> String {
    let program = command.get_program().to_string_lossy();
    let name = program.rsplit('/').next().unwrap_or_default();
    let mut line = name.to_owned();
    for arg in command.get_args() {
        line.push(' ');
        line.push_str(&arg.to_string_lossy());
    }
    line
}

/// Returns the running processes, each with its parent; none where there is no `/proc`.
fn processes() -> Vec<(u32, u32)> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    entries
        .flatten()
        .filter_map(|entry| {
            let id = entry.file_name().to_str()?.parse().ok()?;
            let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
            // `id (name) state parent …`, where the name may hold spaces and parentheses
            let parent = stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()?;
            Some((id, parent))
        })
        .collect()
}

fn with_descendants(root: u32, processes: &[(u32, u32)]) -> Vec<u32> {
    let mut found = vec![root];
    let mut next = 0;
    while let Some(&parent) = found.get(next) {
        found.extend(processes.iter().filter(|(_, of)| *of == parent).map(|(id, _)| id));
        next += 1;
    }
    found
}

/// Kills processes through the shell, since `kill` is part of every shell and std can only end a child of its own.
fn kill(ids: &[u32]) -> anyhow::Result<()> {
    let ids = ids.iter().map(u32::to_string);
    Command::new("sh")
        .args(["-c", r#"kill -s KILL "$@""#, "sh"])
        .args(ids)
        .stderr(Stdio::null())
        .status()
        .context("can't start a shell to end a step")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{self, Read};

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn success_and_failure_are_told_apart() {
        run(&mut shell("exit 0"), STEP_LIMIT).unwrap();
        let error = run(&mut shell("exit 3"), STEP_LIMIT).unwrap_err().to_string();
        assert!(error.contains("exit 3") && error.contains("failed"), "{error}");
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let error = run(&mut Command::new("no-such-program"), STEP_LIMIT).unwrap_err().to_string();
        assert!(error.contains("no-such-program"), "{error}");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_limit_ends_grandchildren_too() {
        let (mut output, held_open) = io::pipe().unwrap();
        let mut command = shell("sh -c 'echo ready; sleep 120; :' & wait");
        command.stdout(held_open);
        let error = run(&mut command, Duration::from_millis(500)).unwrap_err().to_string();
        assert!(error.contains("took longer"), "{error}");
        drop(command);

        let (closed, close) = mpsc::channel();
        thread::spawn(move || closed.send(output.read_to_end(&mut Vec::new())));
        let read = close.recv_timeout(Duration::from_secs(30));
        assert!(read.is_ok(), "a grandchild still holds the output");
    }

    #[test]
    fn descendants_are_found_at_any_depth_and_nobody_else() {
        let processes = [(1, 0), (10, 1), (13, 12), (11, 10), (12, 11), (20, 1), (21, 20)];
        let mut found = with_descendants(10, &processes);
        found.sort_unstable();
        assert_eq!(found, [10, 11, 12, 13]);
    }
}
