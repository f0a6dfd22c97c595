//! The files that the catalog is made of, and the way from them to it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::Context;

use super::fault::Fault;
use super::files::Files;
use super::model::Catalog;
use super::{check, join, keys, overview};

/// The overview of all editions.
pub(crate) const OVERVIEW: &str = "fixtures/overview.md";
/// The folder of the catalog files.
pub(crate) const CATALOG: &str = "fixtures/catalog";
/// A sentence for each field name.
pub(crate) const GLOSSARY: &str = "fixtures/catalog/glossary.toml";
/// The key rules that stored notifications were filed under.
pub(crate) const KEYS: &str = "fixtures/catalog/keys.lock";

/// The texts of the inputs by their paths from the root, with slashes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sources(BTreeMap<String, String>);

impl Sources {
    /// Reads the inputs; files that aren't there stay out.
    pub(crate) fn read(root: &Path) -> anyhow::Result<Self> {
        let mut sources = Self::default();
        for file in [OVERVIEW, GLOSSARY, KEYS].map(String::from) {
            sources.read_file(root, file)?;
        }
        for folder in ["areas", "v2", "v3"].map(|folder| format!("{CATALOG}/{folder}")) {
            let entries = fs::read_dir(root.join(&folder)).with_context(|| folder.clone())?;
            for entry in entries {
                let name = entry?.file_name().to_string_lossy().into_owned();
                if name.ends_with(".toml") {
                    sources.read_file(root, format!("{folder}/{name}"))?;
                }
            }
        }
        Ok(sources)
    }

    fn read_file(&mut self, root: &Path, path: String) -> anyhow::Result<()> {
        let file = root.join(&path);
        if file.is_file() {
            let text = fs::read_to_string(file).with_context(|| path.clone())?;
            self.insert(path, text);
        }
        Ok(())
    }

    /// Adds a file, or replaces it.
    pub(crate) fn insert(&mut self, path: impl Into<String>, text: impl Into<String>) {
        self.0.insert(path.into(), text.into());
    }

    /// Its text, if it is there.
    pub(crate) fn get(&self, path: &str) -> Option<&str> {
        self.0.get(path).map(String::as_str)
    }

    /// The files whose paths begin like this, sorted.
    pub(crate) fn under(&self, prefix: &str) -> impl Iterator<Item = (&str, &str)> {
        let files = self.0.iter().filter(move |(path, _)| path.starts_with(prefix));
        files.map(|(path, text)| (path.as_str(), text.as_str()))
    }
}

/// The catalog, if the inputs have no fault; else all of them. What can't be read hides the faults of its content.
pub(crate) fn load(sources: &Sources) -> Result<Catalog, Vec<Fault>> {
    let editions = overview::parse(OVERVIEW, sources.get(OVERVIEW).unwrap_or_default());
    let files = Files::parse(sources);
    let (editions, files) = match (editions, files) {
        (Ok(editions), Ok(files)) => (editions, files),
        (editions, files) => {
            return Err(editions.err().into_iter().chain(files.err()).flatten().collect());
        }
    };
    let (catalog, mut faults) = join::join(&editions, files);
    if faults.is_empty() {
        // a type that is misspelt isn't used
        faults.extend(check::unused(&catalog));
    }
    faults.extend(check::check(&catalog));
    faults.extend(sources.get(KEYS).map_or_else(Vec::new, |locked| keys::check_lock(locked, &catalog)));
    faults.sort();
    faults.dedup();
    if faults.is_empty() { Ok(catalog) } else { Err(faults) }
}

#[cfg(test)]
mod tests;
