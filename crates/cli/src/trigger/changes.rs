//! `--set` and `--unset`.

use wxhook_simulator::{Error, Resource};
use wxhook_wire::EventMeta;

use crate::args::TriggerArgs;
use crate::catalog::{documented_paths, is_documented};
use crate::named;
use crate::usage::Usage;

/// What is changed in every resource.
#[derive(Debug, Clone)]
pub(super) struct Changes {
    set: Vec<(String, String)>,
    unset: Vec<String>,
}

impl Changes {
    pub(super) fn of(args: &TriggerArgs) -> Self {
        Self { set: args.set.clone(), unset: args.unset.clone() }
    }

    /// A line for each field of `--set` that none of these events has; what has no fields at all isn't looked at.
    pub(super) fn undocumented(&self, entries: &[&EventMeta]) -> Vec<String> {
        let paths: Vec<_> = entries.iter().flat_map(|meta| documented_paths(meta)).collect();
        let whose = match entries {
            [meta] => named::name(meta),
            _ => "any event".to_owned(),
        };
        let is_unknown =
            |path: &str| !paths.is_empty() && !entries.iter().any(|meta| is_documented(meta, path));
        let line = |path: &str| {
            let nearest = named::nearest(path, paths.iter().map(String::as_str));
            let meant = nearest.map(|path| format!("; did you mean {path}?")).unwrap_or_default();
            format!("note: --set {path}: no documented field of {whose}; sent all the same{meant}")
        };
        let set = self.set.iter().map(|(path, _)| path.as_str());
        set.filter(|path| is_unknown(path)).map(line).collect()
    }

    /// In their order, those of `--set` first.
    ///
    /// # Errors
    /// [`Error::Path`] where one leads nowhere.
    pub(super) fn apply(&self, resource: &mut Resource) -> Result<(), Error> {
        self.set.iter().try_for_each(|(path, value)| resource.set(path, value))?;
        self.unset.iter().try_for_each(|path| resource.unset(path))
    }

    /// The same, and says which one it is that leads nowhere.
    pub(super) fn try_on(&self, resource: &mut Resource) -> Result<(), Usage> {
        let nowhere = |option: &str| Usage::new(format!("{option}: the resource has no such place"));
        for (path, value) in &self.set {
            resource.set(path, value).map_err(|_| nowhere(&format!("--set {path}")))?;
        }
        for path in &self.unset {
            resource.unset(path).map_err(|_| nowhere(&format!("--unset {path}")))?;
        }
        Ok(())
    }
}
