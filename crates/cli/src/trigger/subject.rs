use std::path::Path;
use std::time::UNIX_EPOCH;

use anyhow::{Context as _, bail};
use wxhook_idempotency::{Clock as _, SystemClock};
use wxhook_simulator::{Example, Resource, classify};
use wxhook_wire::{Catalog, EventMeta};

use crate::args::TriggerArgs;
use crate::named;
use crate::usage::Usage;

/// The variant that an event is meant to be when none is named.
const USUAL: &str = "BASIC";

/// What is sent.
pub(super) struct Subject<'a> {
    pub(super) meta: &'a EventMeta,
    args: &'a TriggerArgs,
    catalog: &'a dyn Catalog,
    mchid: &'a str,
    /// From a file; otherwise it is an example.
    given: Option<Resource>,
    /// New each time, so that an example is a new notification.
    number: u32,
    /// Seconds since the epoch.
    began: u64,
}

impl<'a> Subject<'a> {
    /// Of the event that was named, one of these entries.
    pub(super) fn new(
        args: &'a TriggerArgs,
        entries: &[&'a EventMeta],
        catalog: &'a dyn Catalog,
        mchid: &'a str,
    ) -> anyhow::Result<Self> {
        let mut number = [0; 4];
        getrandom::fill(&mut number).ok().context("no random bytes")?;
        let given = args.resource.as_deref().map(read).transpose()?;
        Ok(Self {
            meta: entry(entries, given.as_ref(), catalog)?,
            args,
            catalog,
            mchid,
            given,
            number: u32::from_le_bytes(number),
            began: SystemClock::default().now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs(),
        })
    }

    pub(super) fn name(&self) -> String {
        named::name(self.meta)
    }

    /// The notification's id.
    pub(super) fn id(&self, nth: u32) -> String {
        format!("EV-{}{:010}", self.began, self.number(nth))
    }

    pub(super) fn resource(&self, nth: u32) -> anyhow::Result<Resource> {
        let mut resource = match &self.given {
            Some(given) => given.clone(),
            None => {
                Example::new(self.meta, self.catalog).mchid(self.mchid).number(self.number(nth)).resource()
            }
        };
        let nowhere = |option: &str| Usage::new(format!("{option}: the resource has no such place"));
        for (path, value) in &self.args.set {
            resource.set(path, value).map_err(|_| nowhere(&format!("--set {path}")))?;
        }
        for path in &self.args.unset {
            resource.unset(path).map_err(|_| nowhere(&format!("--unset {path}")))?;
        }
        Ok(resource)
    }

    /// What a file holds is one notification however often it is sent.
    fn number(&self, nth: u32) -> u32 {
        if self.given.is_some() { self.number } else { self.number.wrapping_add(nth) }
    }
}

fn read(file: &Path) -> anyhow::Result<Resource> {
    let text = std::fs::read_to_string(file).with_context(|| format!("can't read {}", file.display()))?;
    Resource::parse(&text).with_context(|| format!("{}", file.display()))
}

/// The variant that was named, that the resource tells, or that is usual.
fn entry<'c>(
    entries: &[&'c EventMeta],
    given: Option<&Resource>,
    catalog: &'c dyn Catalog,
) -> anyhow::Result<&'c EventMeta> {
    let [first, rest @ ..] = entries else { bail!("no entry") };
    if rest.is_empty() {
        return Ok(first);
    }
    let told = given.and_then(|resource| classify(catalog, first.name, resource));
    if let Some(told) = told.filter(|told| told.name == first.name) {
        return Ok(told);
    }
    let usual = entries.iter().find(|meta| meta.variant == Some(USUAL));
    Ok(usual.unwrap_or(first))
}
