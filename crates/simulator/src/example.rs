mod conditions;
mod moments;
mod money;
mod place;
mod presence;
mod states;
mod texts;
mod values;

use wxhook_wire::{Catalog, EventMeta, Protocol};

use crate::Resource;
use crate::tree::Tree;
use crate::view::look;
pub(crate) use moments::written;

use conditions::{breaks, demand, hold};
use values::Values;

/// Maximum number of earlier entries that an example is made to differ from.
const MAX_RIVALS: usize = 64;

/// Returns the example resource of a catalogued event as compact JSON. It is always the same and has every documented
/// field that occurs in its state.
///
/// See [`Example`], which varies it.
pub fn example(meta: &EventMeta, catalog: &dyn Catalog) -> String {
    Example::new(meta, catalog).resource().to_json()
}

/// A builder of example resources for a catalogued event.
///
/// Every documented field is present, with a value that fits its name and kind, except fields that would make the
/// notification another variant by the catalog's conditions, and fields that documents have in other states
/// only (why something failed or ended). States match the event's name, amounts
/// add up, and times are in order around one moment, in 2018 unless [`at`](Self::at) sets another. Nothing is real:
/// numbers are made up, amounts are small, and fields that are encrypted one by one can't be opened.
///
/// ```
/// use wxhook_simulator::Example;
/// use wxhook_wire::{Catalog, EventMeta, FieldKind, FieldMeta, Table};
///
/// const FIELDS: &[FieldMeta] = &[
///     FieldMeta::new("mchid", FieldKind::String),
///     FieldMeta::new("grant_id", FieldKind::String),
///     FieldMeta::new("points", FieldKind::Integer),
///     FieldMeta::new("granted", FieldKind::Time),
/// ];
/// const GRANTED: EventMeta =
///     EventMeta { fields: FIELDS, ..EventMeta::v3("LOYALTY.POINTS_GRANTED", "积分到账通知") };
/// let catalog = Table::new([GRANTED])?;
/// let resource = Example::new(&GRANTED, &catalog).mchid("1900000109").number(42).resource();
/// assert_eq!(
///     resource.to_json(),
///     r#"{"mchid":"1900000109","grant_id":"201806080000000042","points":1,"granted":"2018-06-08T10:34:56+08:00"}"#
/// );
/// # Ok::<(), wxhook_wire::DuplicateEvent>(())
/// ```
#[derive(Debug, Clone)]
pub struct Example<'a> {
    meta: &'a EventMeta,
    catalog: &'a dyn Catalog,
    mchid: String,
    number: u32,
    moment: u64,
}

impl<'a> Example<'a> {
    /// Creates an example of an event in a catalog, with number 0, for the merchant `1900000109`.
    pub fn new(meta: &'a EventMeta, catalog: &'a dyn Catalog) -> Self {
        Self { meta, catalog, mchid: "1900000109".to_owned(), number: 0, moment: moments::USUAL }
    }

    /// Sets the merchant that is notified: the service provider, where there is one.
    #[must_use]
    pub fn mchid(mut self, mchid: impl Into<String>) -> Self {
        self.mchid = mchid.into();
        self
    }

    /// Sets the end of identifying numbers: another number makes a notification with another business key.
    #[must_use]
    pub const fn number(mut self, number: u32) -> Self {
        self.number = number;
        self
    }

    /// Sets the time of the event, in seconds since the epoch.
    #[must_use]
    pub const fn at(mut self, timestamp: u64) -> Self {
        self.moment = timestamp;
        self
    }

    /// Returns the resource.
    pub fn resource(&self) -> Resource {
        let mut resource = self.told_apart(self.filled());
        presence::obey(self.meta.name, &mut resource);
        money::balance(self.meta.name, &mut resource);
        Resource::of(resource)
    }

    /// Returns a resource with every documented field.
    fn filled(&self) -> Tree {
        let content = self.values().of(self.meta.fields);
        let mut members = self.values().of(self.meta.envelope);
        match self.meta.hidden() {
            None => {
                members.retain(|(known, _)| content.iter().all(|(name, _)| name != known));
                members.extend(content);
            }
            Some((field, name)) => {
                let opened = (name.to_owned(), Tree::Object(content));
                match members.iter_mut().find(|(known, _)| known == field) {
                    Some(sealed) => *sealed = opened,
                    None => members.push(opened),
                }
            }
        }
        Tree::Object(members)
    }

    fn values(&self) -> Values<'_> {
        let is_v2 = self.meta.protocol == Protocol::V2;
        Values::new(self.meta.name, &self.mchid, self.number, self.moment, is_v2)
    }

    /// Makes this entry's conditions hold, and removes what an earlier entry's conditions require.
    fn told_apart(&self, mut resource: Tree) -> Tree {
        demand(self.meta, &mut resource, &|name| self.values().by_name(name));
        for _ in 0..MAX_RIVALS {
            let found = look(self.meta, &resource, |opened| self.catalog.classify(opened)).flatten();
            let Some(rival) = found.filter(|found| !is_same(found, self.meta)) else { break };
            let condition = if rival.name == self.meta.name { rival.when } else { rival.identified_by };
            let mut ways = breaks(self.meta, &condition, &resource);
            ways.sort_by_key(|way| {
                (way.len(), way.iter().filter(|edit| edit.is_of_required(self.meta)).count())
            });
            let better = ways.iter().find_map(|way| {
                let mut changed = resource.clone();
                way.iter().for_each(|edit| edit.apply(self.meta, &mut changed));
                let good = hold(self.meta, &changed, &[self.meta.identified_by, self.meta.when])
                    && !hold(self.meta, &changed, &[condition]);
                good.then_some(changed)
            });
            let Some(better) = better else { break };
            resource = better;
        }
        resource
    }
}

fn is_same(one: &EventMeta, other: &EventMeta) -> bool {
    (one.name, one.variant, one.is_fallback) == (other.name, other.variant, other.is_fallback)
}
