#![doc = include_str!("../README.md")]

mod args;
mod backup;
mod catalog;
mod catalogs;
mod check;
mod config;
mod copy;
mod decode;
mod demo;
mod events;
mod grid;
mod init;
mod json;
mod keys;
mod listen;
mod logging;
mod named;
mod out;
mod run;
mod serve;
mod signals;
mod trigger;
mod usage;
mod verify;
mod zone;

pub mod throwaway;

pub use catalogs::Catalogs;
pub use run::run;

#[doc(hidden)]
pub use catalogs::__chain;
