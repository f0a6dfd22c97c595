//! The bytes of a request's head as they arrive: what hyper doesn't say about a request that it rejects.

use memchr::memchr;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes that tell another protocol, and bytes of a line that tell its name.
const PREFIX: usize = 18;

/// The head of the request that a connection reads.
#[derive(Debug, Clone, Default)]
pub(super) struct Head(Arc<Mutex<Scan>>);

/// The facts about a head that have been seen so far.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Scan {
    state: State,
    /// Bytes that were seen.
    seen: usize,
    first: Prefix,
    line: Prefix,
    lengths: usize,
    is_encoded: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Waits for the request line.
    #[default]
    BeginResult,
    InHeaders,
    /// The blank line was seen.
    Ended,
    /// Bytes belong to a body, or to nothing.
    Elsewhere,
}

/// The first bytes of something.
#[derive(Debug, Default, Clone, Copy)]
struct Prefix {
    bytes: [u8; PREFIX],
    length: usize,
}

impl Head {
    /// Begins with the next request.
    pub(super) fn begin(&self) {
        *self.scan() = Scan::default();
    }

    /// Ends scanning: the head is parsed, and bytes that follow are a body's. Returns what was seen.
    pub(super) fn end(&self) -> Scan {
        let mut scan = self.scan();
        std::mem::replace(&mut *scan, Scan { state: State::Elsewhere, ..Scan::default() })
    }

    /// Returns what was seen.
    pub(super) fn scan(&self) -> MutexGuard<'_, Scan> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Scan {
    /// Returns whether a head was begun.
    pub(super) fn is_begun(&self) -> bool {
        self.state != State::Elsewhere && self.seen > 0
    }

    /// Returns whether the head tells the body's length in more than one way.
    pub(super) fn has_conflicting_lengths(&self) -> bool {
        self.lengths > 1 || self.has_length_and_encoding()
    }

    /// Returns whether the head has both a `Content-Length` and a `Transfer-Encoding`.
    pub(super) fn has_length_and_encoding(&self) -> bool {
        self.lengths > 0 && self.is_encoded
    }

    /// Returns whether these are the first bytes of a TLS handshake.
    pub(super) fn is_tls(&self) -> bool {
        self.first.get().starts_with(&[0x16, 0x03])
    }

    /// Returns whether these are the first bytes of the PROXY protocol, version 1 or 2.
    pub(super) fn is_proxy_protocol(&self) -> bool {
        let first = self.first.get();
        first.starts_with(b"PROXY ") || first.starts_with(b"\r\n\r\n\0\r\nQUIT\n")
    }

    fn feed(&mut self, mut bytes: &[u8]) {
        if self.state == State::Elsewhere {
            return;
        }
        self.seen += bytes.len();
        self.first.extend(bytes);
        while !bytes.is_empty() && self.state != State::Ended {
            let Some((line, rest)) = memchr(b'\n', bytes).and_then(|end| bytes.split_at_checked(end + 1))
            else {
                return self.line.extend(bytes);
            };
            self.line.extend(line);
            self.end_line();
            bytes = rest;
        }
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        let line = line.get();
        match self.state {
            // Blank lines before the request line are ignored.
            State::BeginResult if !is_blank(line) => self.state = State::InHeaders,
            State::InHeaders if is_blank(line) => self.state = State::Ended,
            State::InHeaders if is_named(line, b"content-length:") => self.lengths += 1,
            State::InHeaders if is_named(line, b"transfer-encoding:") => self.is_encoded = true,
            _ => {}
        }
    }
}

fn is_blank(line: &[u8]) -> bool {
    matches!(line, b"\n" | b"\r\n")
}

fn is_named(line: &[u8], name: &[u8]) -> bool {
    line.get(..name.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(name))
}

impl Prefix {
    fn extend(&mut self, bytes: &[u8]) {
        if let Some(free) = self.bytes.get_mut(self.length..) {
            let taken = free.len().min(bytes.len());
            free.iter_mut().zip(bytes).for_each(|(free, byte)| *free = *byte);
            self.length += taken;
        }
    }

    fn get(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

/// A stream whose reader also tells a [`Head`].
#[derive(Debug)]
pub(super) struct Scanned<S> {
    pub(super) stream: S,
    pub(super) head: Head,
}

impl<S: AsyncRead + Unpin> AsyncRead for Scanned<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        if let Some(read) = buffer.filled().get(before..).filter(|read| !read.is_empty()) {
            self.head.scan().feed(read);
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Scanned<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds a head whole, and in pieces of each length, which must come to the same.
    fn scan(head: &str) -> (usize, bool, State) {
        let fed = |pieces: &mut dyn Iterator<Item = &[u8]>| {
            let mut scan = Scan::default();
            pieces.for_each(|piece| scan.feed(piece));
            (scan.lengths, scan.is_encoded, scan.state)
        };
        let whole = fed(&mut std::iter::once(head.as_bytes()));
        for length in 1..head.len() {
            assert_eq!(fed(&mut head.as_bytes().chunks(length)), whole, "{head:?} in pieces of {length}");
        }
        whole
    }

    #[test]
    fn lengths_are_counted_where_headers_are() {
        let cases = [
            ("POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\n", (1, false, State::Ended)),
            ("POST / HTTP/1.1\ncontent-length:1\n\n", (1, false, State::Ended)),
            ("POST / HTTP/1.1\r\nCONTENT-LENGTH: 1\r\nContent-Length: 2\r\n\r\n", (2, false, State::Ended)),
            (
                "\r\nPOST / HTTP/1.1\r\nTransfer-Encoding: x\r\nContent-Length: 2\r\n",
                (1, true, State::InHeaders),
            ),
            // Not names of headers: in the request line, within a value, at the end of a name, in a body.
            ("content-length: 1\r\n\r\n", (0, false, State::Ended)),
            (
                "POST / HTTP/1.1\r\nX: Content-Length: 1\r\nX-Content-Length: 1\r\n\r\n",
                (0, false, State::Ended),
            ),
            ("POST / HTTP/1.1\r\nContent-Lengths: 1\r\n\r\nContent-Length: 1\r\n", (0, false, State::Ended)),
        ];
        for (head, expected) in cases {
            assert_eq!(scan(head), expected, "{head:?}");
        }
    }

    #[test]
    fn bodies_are_not_scanned() {
        let head = Head::default();
        assert!(!head.scan().is_begun());
        head.scan().feed(b"POST / HTTP/1.1\r\nContent-Length: 40\r\n\r\n");
        assert!(head.scan().is_begun());
        let scan = head.end();
        assert!(scan.lengths == 1 && !scan.has_conflicting_lengths());
        head.scan().feed(b"\r\nTransfer-Encoding: chunked\r\n");
        assert!(!head.scan().is_begun() && !head.scan().is_encoded);
        head.begin();
        head.scan().feed(b"\x16\x03\x01");
        assert!(head.scan().is_tls() && !head.scan().is_proxy_protocol());
    }
}
