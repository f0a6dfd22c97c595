//! House rules that no lint knows, as tests.

use std::fs;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

const MAX_LINES: usize = 800;
const MAX_LIB_LINES: usize = 60;

/// Marks of unfinished work, and a prefix that should be `MAX_`; split so that this file passes.
const BANNED: [&str; 4] =
    [concat!("to", "do!("), concat!("unimpl", "emented!("), concat!("FIX", "ME"), concat!("MO", "ST_")];
/// First words that a doc comment can't have.
const BAD_FIRST_WORDS: [&str; 9] = ["What", "How", "Whether", "Of", "So", "With", "From", "By", "To"];

#[test]
fn sources_are_tidy() {
    let mut faults = Vec::new();
    for file in sources() {
        faults.extend(source_faults(&relative(&file), &fs::read_to_string(&file).unwrap()));
    }
    assert_eq!(faults.join("\n"), "");
}

#[test]
fn every_crate_has_a_readme() {
    let bare: Vec<_> =
        crates().iter().filter(|dir| !dir.join("README.md").is_file()).map(|dir| relative(dir)).collect();
    assert_eq!(bare, [""; 0], "without a README.md");
}

#[test]
fn manifests_take_what_they_can_from_the_workspace() {
    let mut faults = Vec::new();
    for dir in crates().into_iter().chain([crate::root().join("xtask")]) {
        let file = dir.join("Cargo.toml");
        let manifest = fs::read_to_string(&file).unwrap().parse().unwrap();
        faults.extend(manifest_faults(&relative(&file), &manifest));
    }
    assert_eq!(faults.join("\n"), "");
}

#[test]
fn tests_that_documents_name_exist() {
    for document in ["docs/reliability.md", "docs/architecture.md"] {
        let text = fs::read_to_string(crate::root().join(document)).unwrap();
        assert!(!named_tests(&text).is_empty(), "{document} names no test");
        let read = |path: &str| fs::read_to_string(crate::root().join(path)).ok();
        assert_eq!(missing_tests(&text, read), [""; 0], "in {document}");
    }
}

/// Returns the tests that a document names as `` `path.rs::name` ``: file and function.
fn named_tests(text: &str) -> Vec<(&str, &str)> {
    text.split('`')
        .skip(1)
        .step_by(2)
        .filter_map(|code| code.split_once("::"))
        .filter(|(path, _)| path.ends_with(".rs"))
        .collect()
}

/// Returns each named test whose file, or whose function in it, doesn't exist.
fn missing_tests(text: &str, read: impl Fn(&str) -> Option<String>) -> Vec<String> {
    named_tests(text)
        .into_iter()
        .filter(|(path, name)| {
            let call = format!(" fn {name}");
            let is_here = |line: &str| {
                let line = format!(" {line}");
                let rest = line.split_once(&call).map(|(_, rest)| rest);
                rest.is_some_and(|rest| rest.starts_with(['(', '<']))
            };
            !read(path).is_some_and(|source| source.lines().any(is_here))
        })
        .map(|(path, name)| format!("{path}::{name}"))
        .collect()
}

fn source_faults(path: &str, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let lines = text.lines().count();
    if path.ends_with("/mod.rs") {
        faults.push(format!("{path}: `foo.rs` beside `foo/` instead"));
    }
    if lines > MAX_LINES && !path.contains("/generated/") {
        faults.push(format!("{path}: {lines} lines, more than {MAX_LINES}"));
    }
    if path.ends_with("/src/lib.rs") {
        let lines =
            text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//")).count();
        if lines > MAX_LIB_LINES {
            faults.push(format!(
                "{path}: {lines} lines of code, more than {MAX_LIB_LINES}: it's a contents page"
            ));
        }
    }
    for (number, line) in (1..).zip(text.lines()) {
        for needle in BANNED.iter().filter(|needle| line.contains(**needle)) {
            faults.push(format!("{path}:{number}: {needle}"));
        }
    }
    // The program's comments are still being rewritten.
    if !path.starts_with("crates/cli/") {
        faults.extend(doc_faults(path, text));
    }
    faults
}

/// Returns the doc comments that begin with a word that STYLE forbids; their later lines may.
fn doc_faults(path: &str, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let mut is_first = true;
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim_start();
        let doc = line.strip_prefix("///").or_else(|| line.strip_prefix("//!"));
        if let Some(word) = doc.and_then(|doc| doc.split_whitespace().next())
            && is_first
            && BAD_FIRST_WORDS.contains(&word)
        {
            faults.push(format!("{path}:{number}: a doc comment that begins with `{word}`"));
        }
        is_first = doc.is_none();
    }
    faults
}

fn manifest_faults(path: &str, manifest: &Table) -> Vec<String> {
    let mut faults = Vec::new();
    if !manifest.get("lints").is_some_and(from_workspace) {
        faults.push(format!("{path}: no `[lints] workspace = true`"));
    }
    let per_target = manifest.get("target").and_then(Value::as_table).into_iter().flatten();
    let tables = per_target.filter_map(|(_, table)| table.as_table()).chain([manifest]);
    for table in tables {
        for kind in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let dependencies = table.get(kind).and_then(Value::as_table).into_iter().flatten();
            for (name, dependency) in dependencies {
                // Ours without a version, so that it isn't part of the published manifest: tests use crates in circles.
                let is_ours = kind == "dev-dependencies" && name.starts_with("wxhook");
                let is_right = if is_ours { is_only_path(dependency) } else { from_workspace(dependency) };
                if !is_right {
                    let rule = if is_ours { "with more than a path" } else { "without `workspace = true`" };
                    faults.push(format!("{path}: `{name}` in [{kind}] {rule}"));
                }
            }
        }
    }
    faults
}

fn is_only_path(value: &Value) -> bool {
    value.get("path").is_some() && value.get("version").is_none()
}

fn from_workspace(value: &Value) -> bool {
    value.get("workspace").and_then(Value::as_bool) == Some(true)
}

/// Returns the folders of the crates, without this one.
fn crates() -> Vec<PathBuf> {
    let mut found: Vec<_> =
        entries(&crate::root().join("crates")).filter(|dir| dir.join("Cargo.toml").is_file()).collect();
    found.sort();
    assert!(!found.is_empty());
    found
}

/// Returns every Rust file of the project.
fn sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![crate::root().join("crates"), crate::root().join("xtask")];
    while let Some(path) = open.pop() {
        if path.is_dir() && !path.ends_with("target") {
            open.extend(entries(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    assert!(found.contains(&crate::root().join(file!())));
    found
}

fn entries(dir: &Path) -> impl Iterator<Item = PathBuf> {
    fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path())
}

fn relative(path: &Path) -> String {
    path.strip_prefix(crate::root()).unwrap().display().to_string()
}

/// The rules themselves: an input that passes beside each fault.
mod rules {
    use super::*;

    #[track_caller]
    fn assert_source(path: &str, text: &str, expected: &[&str]) {
        assert_eq!(source_faults(path, text), expected);
    }

    #[test]
    fn module_files() {
        assert_source("crates/a/src/model.rs", "", &[]);
        assert_source(
            "crates/a/src/model/mod.rs",
            "",
            &["crates/a/src/model/mod.rs: `foo.rs` beside `foo/` instead"],
        );
    }

    #[test]
    fn long_files() {
        let long = "x\n".repeat(801);
        assert_source("crates/a/src/b.rs", &"x\n".repeat(800), &[]);
        assert_source("crates/a/src/b.rs", &long, &["crates/a/src/b.rs: 801 lines, more than 800"]);
        assert_source("crates/a/src/generated/b.rs", &long, &[]);
    }

    #[test]
    fn long_contents_pages() {
        let page = "//! words\n\nmod a;\n".repeat(60);
        assert_source("crates/a/src/lib.rs", &page, &[]);
        let fault = "crates/a/src/lib.rs: 61 lines of code, more than 60: it's a contents page";
        assert_source("crates/a/src/lib.rs", &format!("{page}mod b;\n"), &[fault]);
        assert_source("crates/a/src/b.rs", &format!("{page}mod b;\n"), &[]);
    }

    #[test]
    fn named_tests_of_documents() {
        let read = |path: &str| {
            (path == "crates/a/b.rs").then(|| "    async fn slow() {}\npub(crate) fn case<B>() {}".to_owned())
        };
        let text = "| `crates/a/b.rs::slow`, `crates/a/b.rs::case` | `a::b`, `crates/a/b.rs` |";
        assert_eq!(named_tests(text), [("crates/a/b.rs", "slow"), ("crates/a/b.rs", "case")]);
        assert_eq!(missing_tests(text, read), [""; 0]);
        for missing in ["crates/a/b.rs::slo", "crates/a/b.rs::slower", "crates/a/c.rs::slow"] {
            assert_eq!(missing_tests(&format!("`{missing}`"), read), [missing]);
        }
    }

    #[test]
    fn banned_marks() {
        for needle in BANNED {
            let fault = format!("crates/a/src/b.rs:2: {needle}");
            assert_source("crates/a/src/b.rs", &format!("fn a() {{}}\n    // {needle}\n"), &[&fault]);
        }
    }

    #[test]
    fn first_words_of_doc_comments() {
        for good in [
            "/// Returns it.\n/// What follows may begin so.\n",
            "// What a plain comment says.\n",
            "/// Toy.\n",
        ] {
            assert_source("crates/a/src/b.rs", good, &[]);
        }
        for (comment, word) in
            [("/// What it is.\n", "What"), ("//! How it works.\n", "How"), ("    /// To be\n", "To")]
        {
            let fault = format!("crates/a/src/b.rs:2: a doc comment that begins with `{word}`");
            assert_source("crates/a/src/b.rs", &format!("\n{comment}"), &[&fault]);
        }
    }

    const MANIFEST: &str = "[lints]\nworkspace = true\n[dependencies]\na.workspace = true\n";

    #[track_caller]
    fn assert_manifest(text: &str, expected: &[&str]) {
        assert_eq!(manifest_faults("a/Cargo.toml", &text.parse().unwrap()), expected);
    }

    #[test]
    fn manifests() {
        let good = format!(
            "{MANIFEST}b = {{ workspace = true, features = [\"x\"] }}\n[target.'cfg(unix)'.dependencies]\nc.workspace = true\n"
        );
        assert_manifest(&good, &[]);
        assert_manifest("[dependencies]\n", &["a/Cargo.toml: no `[lints] workspace = true`"]);
        for (added, name, kind) in [
            ("b = \"1\"", "b", "dependencies"),
            ("b = { path = \"../b\" }", "b", "dependencies"),
            ("[dev-dependencies.c]\nversion = \"1\"", "c", "dev-dependencies"),
            ("[build-dependencies]\nd = { version = \"1\" }", "d", "build-dependencies"),
            ("[target.'cfg(unix)'.dependencies]\ne = \"1\"", "e", "dependencies"),
        ] {
            let fault = format!("a/Cargo.toml: `{name}` in [{kind}] without `workspace = true`");
            assert_manifest(&format!("{MANIFEST}{added}\n"), &[&fault]);
        }
        let ours = format!("{MANIFEST}[dev-dependencies]\nwxhook-b = {{ path = \"../b\" }}\n");
        assert_manifest(&ours, &[]);
        let fault = "a/Cargo.toml: `wxhook-b` in [dev-dependencies] with more than a path";
        assert_manifest(&ours.replace("../b\"", "../b\", version = \"1\""), &[fault]);
        assert_manifest(&ours.replace("{ path = \"../b\" }", "{ workspace = true }"), &[fault]);
    }
}
