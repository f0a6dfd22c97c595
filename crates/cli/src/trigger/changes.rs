//! `--set` and `--unset`.

use wxhook_simulator::{Error, Resource};

use crate::args::TriggerArgs;
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
