/// A reason for which a notification starts parked: an operator looks at it before anything is done with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ParkReason {
    /// v2: a field may be hidden in the value of another one.
    HiddenField,
    /// A payment or refund that names another merchant.
    OtherMerchant,
    /// A payment or refund whose content contradicts its model.
    Misfit,
}

impl ParkReason {
    /// Every reason.
    pub const ALL: [Self; 3] = [Self::HiddenField, Self::OtherMerchant, Self::Misfit];

    /// Returns its name in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::HiddenField => "hidden-field",
            Self::OtherMerchant => "other-merchant",
            Self::Misfit => "misfit",
        }
    }

    /// Returns the text that the record keeps as its error; it begins with the name.
    pub const fn text(self) -> &'static str {
        match self {
            Self::HiddenField => {
                "hidden-field: a value holds &name= where a field could be hidden without breaking the sign"
            }
            Self::OtherMerchant => {
                "other-merchant: it names another merchant; list its number in accept_mchids if it belongs here"
            }
            Self::Misfit => {
                "a payment or refund with a negative amount, a contradicting state or an unreadable field"
            }
        }
    }

    /// Returns the reason that has this text.
    pub fn from_text(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.text() == text)
    }
}
