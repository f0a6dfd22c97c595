use super::raw::RawLimits;
use super::reader::Reader;
use std::time::Duration;

/// What a client may use of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of a request's body; v2 bodies have a lower bound of their own.
    pub body: usize,
    /// Bytes of all bodies that are being read or handled together.
    pub in_flight: usize,
    /// Open connections.
    pub connections: usize,
    /// How long a client may take to send a request's head, and how long a connection may be idle.
    pub header_timeout: Duration,
    /// How long a client may take to send a request's body.
    pub body_timeout: Duration,
}

impl Default for Limits {
    /// 256 KiB; 64 MiB; 512; 5 s; 4 s: half a request is cut off within 10 s.
    fn default() -> Self {
        Self {
            body: 256 << 10,
            in_flight: 64 << 20,
            connections: 512,
            header_timeout: Duration::from_secs(5),
            body_timeout: Duration::from_secs(4),
        }
    }
}

pub(super) fn parse(reader: &mut Reader<'_>, raw: RawLimits) -> Limits {
    let default = Limits::default();
    let timeouts = Duration::from_millis(10)..=Duration::from_secs(10);
    let mut size = |name: &str, value, default: usize, least: u64, most: u64, example| {
        let path = format!("limits.{name}");
        let given = reader.size(&path, value, u64::try_from(default).unwrap_or(most), least..=most, example);
        usize::try_from(given).unwrap_or(default)
    };
    let body = size("body", raw.body, default.body, 1 << 10, 16 << 20, "\"256KiB\" or 262144");
    let in_flight =
        size("in_flight", raw.in_flight, default.in_flight, 1 << 10, 4 << 30, "\"64MiB\" or 67108864");
    let connections = size("connections", raw.connections, default.connections, 1, 1_000_000, "512");
    if in_flight < body {
        reader.fault("limits.in_flight", "less than limits.body", "give at least as much");
    }
    let header_timeout = reader.duration(
        "limits.header_timeout",
        raw.header_timeout,
        default.header_timeout,
        timeouts.clone(),
    );
    let body_timeout =
        reader.duration("limits.body_timeout", raw.body_timeout, default.body_timeout, timeouts);
    Limits { body, in_flight, connections, header_timeout, body_timeout }
}
