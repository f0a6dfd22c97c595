#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "file")]
mod file;
#[cfg(feature = "http")]
mod http;
mod options;
#[cfg(feature = "redis-stream")]
mod redis_stream;

#[cfg(feature = "file")]
pub use crate::file::FileSink;
#[cfg(feature = "http")]
pub use crate::http::{HttpReply, HttpSink};
pub use crate::options::{
    Error, FileSinkOptions, HttpSinkOptions, RedisStreamSinkOptions, SinkSecret, SinkUrl, Success,
};
#[cfg(feature = "redis-stream")]
pub use crate::redis_stream::RedisStreamSink;
