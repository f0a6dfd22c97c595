use bytes::Bytes;

/// What is remembered of a finished work, and given to whoever asks for it again.
pub trait Outcome {
    /// Its bytes, if anything is to be remembered.
    fn outcome(&self) -> Option<Bytes>;
}

impl Outcome for () {
    fn outcome(&self) -> Option<Bytes> {
        None
    }
}

impl Outcome for Bytes {
    fn outcome(&self) -> Option<Bytes> {
        Some(self.clone())
    }
}

impl Outcome for Vec<u8> {
    fn outcome(&self) -> Option<Bytes> {
        Some(Bytes::copy_from_slice(self))
    }
}

impl Outcome for String {
    fn outcome(&self) -> Option<Bytes> {
        Some(Bytes::copy_from_slice(self.as_bytes()))
    }
}

impl Outcome for crate::Delivered {
    fn outcome(&self) -> Option<Bytes> {
        self.outcome.clone()
    }
}

impl<T: Outcome> Outcome for Option<T> {
    fn outcome(&self) -> Option<Bytes> {
        self.as_ref().and_then(Outcome::outcome)
    }
}
