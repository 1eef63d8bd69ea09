//! The macro that declares the types of ids. CAs and certificates have ids of different types, so
//! that they cannot be confused.

/// Declares the type of an id. An id is a number. In a response, it can also be a string that
/// contains the number.
macro_rules! id {
    ($(#[$meta:meta])* pub struct $name:ident;) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
        #[serde(transparent)]
        pub struct $name(i64);

        impl $name {
            /// Creates an id from its number, such as 14236.
            pub const fn new(number: i64) -> Self {
                Self(number)
            }

            /// Returns the id as a number, such as 14236.
            pub const fn number(self) -> i64 {
                self.0
            }
        }

        impl From<i64> for $name {
            fn from(number: i64) -> Self {
                Self(number)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = std::num::ParseIntError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            /// Deserializes a number, or a string that contains a number.
            fn deserialize<D: serde::Deserializer<'de>>(
                deserializer: D,
            ) -> Result<Self, D::Error> {
                let number = api_auth::wire::integer(deserializer)?;
                number.map(Self).ok_or_else(|| api_auth::wire::empty_value(&"an id"))
            }
        }
    };
}

pub(crate) use id;

#[cfg(test)]
mod tests {
    use crate::{CaId, CertId};

    #[test]
    fn ids_are_numbers_in_text_and_json() {
        let id: CertId = "14236".parse().unwrap();
        assert_eq!((id, id.number(), id.to_string()), (CertId::from(14236), 14236, "14236".into()));
        assert!("14236x".parse::<CertId>().is_err() && "".parse::<CaId>().is_err());
        for json in ["561", "\"561\""] {
            let id: CaId = serde_json::from_str(json).unwrap();
            assert_eq!(id, CaId::new(561), "{json}");
        }
        for json in ["null", "\"\"", "\"x\"", "1.5", "[]"] {
            assert!(serde_json::from_str::<CaId>(json).is_err(), "{json}");
        }
        assert_eq!(serde_json::to_string(&CaId::new(561)).unwrap(), "561");
    }
}
