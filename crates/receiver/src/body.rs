//! Reading a request's body, within limits of size and of memory.

use bytes::{Buf, Bytes};
use http_body::Body;
use http_body_util::BodyExt as _;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The unit in which memory is counted, in bytes.
const UNIT: usize = 1024;
/// Minimum capacity of a buffer in bytes.
const MIN_CAPACITY: usize = 4 * UNIT;

/// The reason why a body wasn't read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ReadError {
    /// It is longer than the limit.
    TooLarge,
    /// The bodies in flight take all the memory they may.
    NoRoom,
    /// It ended early, or is malformed.
    Cut,
}

/// A body and the memory it takes, which is released when this is dropped.
#[derive(Debug)]
pub(crate) struct ReadBody {
    pub(crate) bytes: Bytes,
    _memory: Option<OwnedSemaphorePermit>,
}

/// Reads a body of at most `limit` bytes. Takes its memory from `memory` in KiB as the body arrives: an announced length
/// costs nothing, and a slow sender's body counts for what it really takes.
pub(crate) async fn read<B>(
    body: &mut B,
    announced: Option<usize>,
    limit: usize,
    memory: &Arc<Semaphore>,
) -> Result<ReadBody, ReadError>
where
    B: Body<Data: Send> + Send + Unpin,
{
    let mut buffer = Vec::new();
    let mut taken: Option<OwnedSemaphorePermit> = None;
    let mut take = |bytes: usize| {
        let held = taken.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let more =
            u32::try_from(bytes.div_ceil(UNIT).saturating_sub(held)).map_err(|_| ReadError::TooLarge)?;
        let more = Arc::clone(memory).try_acquire_many_owned(more).map_err(|_| ReadError::NoRoom)?;
        match &mut taken {
            Some(taken) => taken.merge(more),
            None => taken = Some(more),
        }
        Ok(())
    };
    let max = announced.map_or(limit, |announced| announced.min(limit));
    while let Some(frame) = body.frame().await {
        let Ok(mut data) = frame.map_err(|_| ReadError::Cut)?.into_data() else { continue };
        let total = buffer.len() + data.remaining();
        if total > limit {
            return Err(ReadError::TooLarge);
        }
        // Most bodies are one piece. It isn't copied: it is a part of the connection's read buffer, which takes its memory
        // anyway. An incomplete body is copied: a few bytes may keep a whole read buffer alive.
        if buffer.is_empty() && body.is_end_stream() {
            take(total)?;
            return Ok(ReadBody { bytes: data.copy_to_bytes(total), _memory: taken });
        }
        if total > buffer.capacity() {
            let capacity = total.max(2 * buffer.capacity()).max(MIN_CAPACITY).min(max.max(total));
            take(capacity)?;
            buffer.reserve_exact(capacity - buffer.len());
        }
        while data.has_remaining() {
            let chunk = data.chunk();
            buffer.extend_from_slice(chunk);
            let length = chunk.len();
            data.advance(length);
        }
    }
    Ok(ReadBody { bytes: buffer.into(), _memory: taken })
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

    /// Pieces as hyper yields them: parts of a larger buffer. The last one is known to be the last if there is a length.
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

    /// Returns the KiB that a body of these pieces takes.
    async fn taken(pieces: Vec<usize>, with_length: bool, kib: usize) -> Result<usize, ReadError> {
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
        assert_eq!(memory.available_permits(), kib, "everything is released");
        Ok(taken)
    }

    #[tokio::test]
    async fn memory_is_counted_for_what_is_held() {
        assert_eq!(taken(vec![1_500], true, 64).await, Ok(2), "one piece is counted by its length");
        assert_eq!(taken(vec![1_500], false, 64).await, Ok(4));
        assert_eq!(taken(vec![1; 1_500], true, 64).await, Ok(2), "an announced length is never exceeded");
        assert_eq!(taken(vec![1; 1_500], false, 64).await, Ok(4), "without one a whole buffer");
        assert_eq!(taken(vec![1; 4_096], false, 64).await, Ok(4));
        assert_eq!(taken(vec![1; 4_097], false, 64).await, Ok(8));
        assert_eq!(taken(vec![1; 4_097], true, 64).await, Ok(5));
        assert_eq!(taken(vec![50_000; 3], false, 1_000).await, Ok(196));
        assert_eq!(taken(vec![64_000; 4], false, 1_000).await, Ok(250));
        assert_eq!(taken(vec![], false, 64).await, Ok(0));
    }

    #[tokio::test]
    async fn the_limits_hold_to_the_byte() {
        assert_eq!(taken(vec![1_024], true, 1).await, Ok(1));
        assert_eq!(taken(vec![1_025], true, 1).await, Err(ReadError::NoRoom));
        assert_eq!(taken(vec![1; 4_096], false, 4).await, Ok(4));
        assert_eq!(taken(vec![1; 1], false, 3).await, Err(ReadError::NoRoom));
        assert_eq!(taken(vec![1; 4_097], false, 7).await, Err(ReadError::NoRoom));
        assert_eq!(taken(vec![LIMIT / 8; 8], false, 1_000).await, Ok(256));
        assert_eq!(
            taken([vec![LIMIT / 8; 8], vec![1]].concat(), false, 1_000).await,
            Err(ReadError::TooLarge)
        );
    }
}
