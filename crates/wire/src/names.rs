//! Closed enums whose values have names in records, the catalog and metrics.

/// Defines an enum, its list of values and their names.
macro_rules! named_enum {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$doc])* #[serde(rename = $text)] $variant,)*
        }

        impl $name {
            /// All values.
            pub const ALL: [Self; [$($text),*].len()] = [$(Self::$variant),*];

            /// Returns the name in records, the catalog and metrics.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

named_enum! {
    /// A generation of the platform's notifications.
    Protocol {
        /// XML.
        V2 = "v2",
        /// JSON.
        V3 = "v3",
    }
}

named_enum! {
    /// The cipher that hides an event's content.
    Cipher {
        /// No cipher.
        None = "none",
        /// AES-256-GCM.
        AesGcm = "aes-gcm",
        /// AES-256-ECB (v2 refunds).
        AesEcb = "aes-ecb",
    }
}

named_enum! {
    /// The treatment of a record that conflicts with an earlier one: the same key, other content.
    ConflictPolicy {
        /// Wait for an operator.
        Park = "park",
        /// Deliver it.
        Deliver = "deliver",
    }
}

named_enum! {
    /// The money that an event is about.
    Money {
        /// A user paid.
        Payment = "payment",
        /// A user got money back.
        Refund = "refund",
        /// Money went to a user or another merchant, or between the merchant's own accounts.
        Transfer = "transfer",
    }
}

named_enum! {
    /// A kind of merchant that a notification is for.
    Mode {
        /// Merchants with their own contract with the platform (直连商户).
        Direct = "direct",
        /// Providers that act for sub-merchants (合作伙伴).
        Partner = "partner",
    }
}

named_enum! {
    /// A remark of the pipeline on a record.
    Flag {
        /// The origin is proved by the cipher alone: every v2 refund.
        Unsigned = "unsigned",
        /// Other content under a known key.
        Changed = "changed",
        /// The merchant's own order disagrees.
        Mismatch = "mismatch",
        /// The content names another merchant.
        OtherMerchant = "other-merchant",
        /// No identifying number; the key is the notification id.
        KeyFallback = "key-fallback",
        /// The plaintext isn't JSON and is stored as a string.
        NotJson = "not-json",
        /// The content fits no variant, or not its model.
        Misfit = "misfit",
        /// A question without an answer.
        Unanswered = "unanswered",
    }
}

named_enum! {
    /// The proof of a notification's origin.
    ProofKind {
        /// An RSA signature by a platform key.
        Rsa = "rsa",
        /// An SM2 signature by a platform key.
        Sm2 = "sm2",
        /// HMAC-SHA256 with the API v2 key.
        Hmac = "hmac",
        /// MD5 with the API v2 key.
        Md5 = "md5",
        /// Decryption alone (v2 refunds).
        Decrypted = "decrypted",
    }
}
