use super::object::{Model, decode};
use super::rest::Rest;
use crate::event::Misfit;
use std::collections::BTreeMap;

/// The items whose fields have a number behind their names, by their numbers; without those that don't fit.
#[doc(hidden)]
pub fn numbered<M: Model>(rest: &Rest) -> Vec<M> {
    items::<M>(rest).into_values().filter_map(|item| decode(&item).ok()).collect()
}

/// Whether all of them fit.
#[doc(hidden)]
pub fn check<M: Model>(rest: &Rest) -> Result<(), Misfit> {
    for (number, item) in items::<M>(rest) {
        decode::<M>(&item).map_err(|misfit| misfit.with_number(number))?;
    }
    Ok(())
}

/// The JSON of each item.
fn items<M: Model>(rest: &Rest) -> BTreeMap<u32, String> {
    let model = M::default();
    let mut items: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    for (name, value) in rest.unknown() {
        let bare = name.trim_matches('"');
        let Some((base, digits)) = bare.rsplit_once('_') else { continue };
        let number = digits.parse().ok().filter(|number: &u32| number.to_string() == digits);
        if let (Some(number), Some(_)) = (number, model.slot(base)) {
            items.entry(number).or_default().push(format!("\"{base}\":{value}"));
        }
    }
    items.into_iter().map(|(number, members)| (number, format!("{{{}}}", members.join(",")))).collect()
}
