//! The ids of CAs and certificates. They are two types, so that they cannot be confused.

use std::fmt;

use api_auth::wire;
use serde::{Deserialize, Deserializer, Serialize};

macro_rules! id {
    ($(#[$meta:meta])* pub struct $name:ident;) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(i64);

        impl $name {
            /// Creates an id from its number.
            pub const fn new(number: i64) -> Self {
                Self(number)
            }

            /// Returns the number of the id.
            pub const fn number(self) -> i64 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = std::num::ParseIntError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            /// Deserializes a number, or a string with a number.
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let number = wire::integer(deserializer)?;
                number.map(Self).ok_or_else(|| wire::empty_value(&"an id"))
            }
        }
    };
}

id! {
    /// The id of a CA.
    ///
    /// Source: the provider's documentation, `www.tinycert.org/docs/api/v1/ca/new`.
    pub struct CaId;
}

id! {
    /// The id of a certificate. A reissued certificate has a new one.
    ///
    /// Source: the provider's documentation, `www.tinycert.org/docs/api/v1/cert/new` and
    /// `www.tinycert.org/docs/api/v1/cert/reissue`.
    pub struct CertId;
}
