use crate::lenient::Rest;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;
use std::fmt;
use wxhook_wire::Fen;

/// The fields `coupon_id_0`, `coupon_type_0`, `coupon_fee_0` and so on, as one list.
#[derive(Clone, Default, PartialEq)]
pub struct Coupons(BTreeMap<u32, Coupon>);

/// One of the numbered coupons.
#[derive(Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Coupon {
    /// The coupon.
    pub id: Option<String>,
    /// `CASH` or `NO_CASH`.
    pub kind: Option<String>,
    /// What it took off, as it was written.
    pub fee_text: Option<String>,
}

impl Coupon {
    /// What it took off in 分; `None` where that isn't told, or isn't an amount.
    pub fn fee(&self) -> Option<Fen> {
        self.fee_text.as_deref()?.parse().ok()
    }
}

impl Coupons {
    /// Each with its number, in their order.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &Coupon)> {
        self.0.iter().map(|(number, coupon)| (*number, coupon))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Rest for Coupons {
    fn slot(&mut self, name: &str) -> Option<&mut Option<String>> {
        let (what, digits) = name.strip_prefix("coupon_")?.split_once('_')?;
        let number: u32 = digits.parse().ok().filter(|number: &u32| number.to_string() == digits)?;
        if !matches!(what, "id" | "type" | "fee") {
            return None;
        }
        let coupon = self.0.entry(number).or_default();
        Some(match what {
            "id" => &mut coupon.id,
            "type" => &mut coupon.kind,
            _ => &mut coupon.fee_text,
        })
    }
}

impl Serialize for Coupons {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut members = serializer.serialize_map(None)?;
        for (number, coupon) in self.iter() {
            for (what, text) in [("id", &coupon.id), ("type", &coupon.kind), ("fee", &coupon.fee_text)] {
                if let Some(text) = text {
                    members.serialize_entry(&format!("coupon_{what}_{number}"), text)?;
                }
            }
        }
        members.end()
    }
}

impl fmt::Debug for Coupons {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Coupons({})", self.len())
    }
}

impl fmt::Debug for Coupon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Coupon").finish_non_exhaustive()
    }
}
