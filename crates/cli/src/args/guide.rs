//! Every command line of the guides is one that the program takes.

use clap::Parser as _;

use super::Args;

const GUIDES: [(&str, &str); 2] = [
    ("guide.md", include_str!("../../../../docs/guide.md")),
    ("guide.zh-CN.md", include_str!("../../../../docs/guide.zh-CN.md")),
];

#[test]
fn every_command_line_of_the_guides_is_taken() {
    let mut found = Vec::new();
    for (name, guide) in GUIDES {
        let lines: Vec<_> = commands(guide).collect();
        for line in &lines {
            // There the configuration stands in the environment.
            let exported = if line.ends_with("$URL") { " --config keys/wxhook.toml" } else { "" };
            if let Err(error) = Args::try_parse_from(words(&format!("{line}{exported}"))) {
                // The version is an error, too.
                assert_eq!(error.exit_code(), 0, "{name}: {line}\n{error}");
            }
        }
        found.push(lines);
    }
    assert!(found[0].len() > 20, "{found:?}");
    assert_eq!(found[0], found[1], "both guides have the same ones, in the same order");
}

/// The lines of shell blocks that begin with the program's name; comments aside.
fn commands(guide: &str) -> impl Iterator<Item = String> {
    let mut in_shell = false;
    guide.lines().filter_map(move |line| {
        let line = line.trim();
        if let Some(info) = line.strip_prefix("```") {
            in_shell = info == "sh";
        }
        let command = line.split(" #").next().unwrap_or_default().trim();
        (in_shell && command.starts_with("wxhook ")).then(|| command.to_owned())
    })
}

/// As a shell would split them, as far as the guides go: blanks, and double quotes around them.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for character in line.chars() {
        match character {
            '"' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            other => words.last_mut().unwrap().push(other),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}
