//! Reading a request's body, within limits of size and of memory.

use bytes::{Buf, Bytes};
use http_body::Body;
use http_body_util::BodyExt as _;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The unit of memory that is counted.
const UNIT: usize = 1024;
/// Bytes of a body's first block, at least, and of each further one.
const FIRST_BLOCK: usize = 4 * UNIT;
const BLOCK: usize = 16 * UNIT;

/// The reason why a body wasn't read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unread {
    /// It is longer than the limit.
    TooLarge,
    /// All bodies together take as much memory as they may.
    NoRoom,
    /// It ended too early, or isn't one.
    Cut,
}

/// A body and the memory that it takes, which is given back when this is dropped.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) bytes: Bytes,
    _memory: Option<OwnedSemaphorePermit>,
}

/// Reads a body of at most `limit` bytes. Memory is taken from `memory` in KiB as the body arrives: an announced length
/// costs nothing, and what a slow sender's body really takes is counted.
pub(crate) async fn read<B>(
    body: &mut B,
    announced: Option<usize>,
    limit: usize,
    memory: &Arc<Semaphore>,
) -> Result<Received, Unread>
where
    B: Body<Data: Send> + Send + Unpin,
{
    let mut buffer = Buffer::default();
    let max = announced.map_or(limit, |announced| announced.min(limit));
    while let Some(frame) = body.frame().await {
        let Ok(mut data) = frame.map_err(|_| Unread::Cut)?.into_data() else { continue };
        let piece = data.remaining();
        let total = buffer.length + piece;
        if total > limit {
            return Err(Unread::TooLarge);
        }
        // One piece is the rule. It isn't copied: it is a part of the connection's own read buffer, which takes its
        // memory with or without it. A body that isn't complete is: a few bytes may hold a whole read buffer.
        if buffer.length == 0 && body.is_end_stream() {
            buffer.take(total, memory)?;
            return Ok(Received { bytes: data.copy_to_bytes(piece), _memory: buffer.memory });
        }
        buffer.extend(&mut data, max.max(total), memory)?;
    }
    Ok(buffer.into_received())
}

/// The part of a body that has arrived, in blocks: one that grows would be copied, and leave holes behind.
#[derive(Debug, Default)]
struct Buffer {
    blocks: Vec<Vec<u8>>,
    length: usize,
    capacity: usize,
    /// The KiB of the capacity.
    memory: Option<OwnedSemaphorePermit>,
}

impl Buffer {
    /// Adds `data`; each block is allocated when the memory for it is taken. At most `max` bytes are expected in all.
    fn extend(&mut self, data: &mut impl Buf, max: usize, memory: &Arc<Semaphore>) -> Result<(), Unread> {
        while data.has_remaining() {
            if self.length == self.capacity {
                let size = if self.blocks.is_empty() { FIRST_BLOCK.max(data.remaining()) } else { BLOCK };
                let size = size.min(max - self.length);
                self.take(self.capacity + size, memory)?;
                self.capacity += size;
                self.blocks.push(Vec::with_capacity(size));
            }
            let Some(block) = self.blocks.last_mut() else { return Err(Unread::NoRoom) };
            let chunk = data.chunk();
            let chunk = chunk.get(..self.capacity - self.length).unwrap_or(chunk);
            block.extend_from_slice(chunk);
            let length = chunk.len();
            self.length += length;
            data.advance(length);
        }
        Ok(())
    }

    fn take(&mut self, bytes: usize, memory: &Arc<Semaphore>) -> Result<(), Unread> {
        let held = self.memory.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let more = u32::try_from(bytes.div_ceil(UNIT).saturating_sub(held)).map_err(|_| Unread::TooLarge)?;
        let more = Arc::clone(memory).try_acquire_many_owned(more).map_err(|_| Unread::NoRoom)?;
        match &mut self.memory {
            Some(memory) => memory.merge(more),
            None => self.memory = Some(more),
        }
        Ok(())
    }

    fn into_received(mut self) -> Received {
        let only = if self.blocks.len() == 1 { self.blocks.pop() } else { None };
        let bytes = only.unwrap_or_else(|| self.blocks.concat()).into();
        Received { bytes, _memory: self.memory }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body::Frame;
    use std::collections::VecDeque;
    use std::convert::Infallible;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    const LIMIT: usize = 256 * 1024;

    /// Pieces as hyper gives them: parts of a larger buffer. Whether the last one is the last is known with a length only.
    struct Pieces(VecDeque<usize>, bool);

    impl Body for Pieces {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            let piece = self.0.pop_front();
            Poll::Ready(piece.map(|piece| Ok(Frame::data(Bytes::from(vec![b'x'; 64 * 1024]).slice(..piece)))))
        }

        fn is_end_stream(&self) -> bool {
            self.1 && self.0.is_empty()
        }
    }

    /// Returns what a body of these pieces takes in KiB.
    async fn taken(pieces: Vec<usize>, with_length: bool, kib: usize) -> Result<usize, Unread> {
        let memory = Arc::new(Semaphore::new(kib));
        let total: usize = pieces.iter().sum();
        let announced = with_length.then_some(total);
        let received = read(&mut Pieces(pieces.into(), with_length), announced, LIMIT, &memory).await;
        let taken = kib - memory.available_permits();
        if let Ok(received) = &received {
            assert_eq!(received.bytes.len(), total);
            assert!(received.bytes.iter().all(|byte| *byte == b'x'));
        }
        received.map(drop)?;
        assert_eq!(memory.available_permits(), kib, "all is given back");
        Ok(taken)
    }

    #[tokio::test]
    async fn memory_is_counted_for_what_is_held() {
        assert_eq!(taken(vec![1_500], true, 64).await, Ok(2), "one piece is counted by its length");
        assert_eq!(taken(vec![1_500], false, 64).await, Ok(4));
        assert_eq!(taken(vec![1; 1_500], true, 64).await, Ok(2), "an announced length is never exceeded");
        assert_eq!(taken(vec![1; 1_500], false, 64).await, Ok(4), "without one a whole block");
        assert_eq!(taken(vec![1; 4_096], false, 64).await, Ok(4));
        assert_eq!(taken(vec![1; 4_097], false, 64).await, Ok(20));
        assert_eq!(taken(vec![1; 4_097], true, 64).await, Ok(5));
        assert_eq!(taken(vec![50_000; 3], false, 1_000).await, Ok(161));
        assert_eq!(taken(vec![64_000; 4], false, 1_000).await, Ok(255));
        assert_eq!(taken(vec![], false, 64).await, Ok(0));
    }

    #[tokio::test]
    async fn the_limits_hold_to_the_byte() {
        assert_eq!(taken(vec![1_024], true, 1).await, Ok(1));
        assert_eq!(taken(vec![1_025], true, 1).await, Err(Unread::NoRoom));
        assert_eq!(taken(vec![1; 4_096], false, 4).await, Ok(4));
        assert_eq!(taken(vec![1; 1], false, 3).await, Err(Unread::NoRoom));
        assert_eq!(taken(vec![1; 4_097], false, 19).await, Err(Unread::NoRoom));
        assert_eq!(taken(vec![LIMIT / 8; 8], false, 1_000).await, Ok(256));
        assert_eq!(taken([vec![LIMIT / 8; 8], vec![1]].concat(), false, 1_000).await, Err(Unread::TooLarge));
    }
}
