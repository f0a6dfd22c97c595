use bytes::Bytes;

/// What is remembered of a finished work, and given to whoever asks for it again.
pub trait ToOutcome {
    /// Its bytes, if anything is to be remembered.
    fn to_outcome(&self) -> Option<Bytes>;
}

impl ToOutcome for () {
    fn to_outcome(&self) -> Option<Bytes> {
        None
    }
}

impl ToOutcome for Bytes {
    fn to_outcome(&self) -> Option<Bytes> {
        Some(self.clone())
    }
}

impl ToOutcome for Vec<u8> {
    fn to_outcome(&self) -> Option<Bytes> {
        Some(Bytes::copy_from_slice(self))
    }
}

impl ToOutcome for String {
    fn to_outcome(&self) -> Option<Bytes> {
        Some(Bytes::copy_from_slice(self.as_bytes()))
    }
}

impl ToOutcome for crate::Receipt {
    fn to_outcome(&self) -> Option<Bytes> {
        self.outcome.clone()
    }
}

impl<T: ToOutcome> ToOutcome for Option<T> {
    fn to_outcome(&self) -> Option<Bytes> {
        self.as_ref().and_then(ToOutcome::to_outcome)
    }
}
