#![doc = include_str!("../README.md")]

mod args;
mod catalogs;
mod check;
mod config;
mod demo;
mod logging;
mod out;
mod run;
mod serve;
mod signals;

pub mod throwaway;

pub use catalogs::Catalogs;
pub use run::run;

#[doc(hidden)]
pub use catalogs::__chain;
