#![doc = include_str!("../README.md")]

mod catalog;
mod granted;
mod used;

pub use catalog::catalog;
pub use granted::{Amount, Goods, MemberLevel, PointsGranted, PointsGrantedGift, PointsGrantedPurchase};
pub use used::{PointsUsed, Voucher};
