//! Enums whose values are documented strings.

/// Declares an enum whose values are documented strings. Unknown strings are kept.
///
/// Deserialization fails only for arrays and objects, and `as_str` returns the original string. The
/// variant for unknown strings is hidden, and a `match` needs a wildcard arm, so new variants can
/// be added without breaking a `match`.
///
/// ```
/// api_auth::wire_enum! {
///     /// The status of a certificate.
///     pub enum Status {
///         /// The certificate can be used.
///         Good = "good",
///         /// The certificate is revoked.
///         Revoked = "revoked",
///     }
/// }
/// assert_eq!(Status::from("good"), Status::Good);
/// let unknown: Status = serde_json::from_str("\"asleep\"")?;
/// assert_eq!((unknown.as_str(), unknown.is_known()), ("asleep", false));
/// assert_eq!(serde_json::to_string(&unknown)?, "\"asleep\"");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[macro_export]
macro_rules! wire_enum {
    (
        $(#[$meta:meta])*
        pub enum $name:ident {
            $( $(#[$variant_meta:meta])* $variant:ident = $text:literal, )+
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $( $(#[$variant_meta])* $variant, )+
            #[doc(hidden)]
            Unknown($crate::UnknownText),
        }

        impl $name {
            /// All known values, in the order of their declaration.
            pub const KNOWN: &'static [Self] = &[$( Self::$variant ),+];

            /// Returns the string that the API uses for this value. For an unknown value, this is
            /// the string that was received.
            pub fn as_str(&self) -> &str {
                match self {
                    $( Self::$variant => $text, )+
                    Self::Unknown(text) => text.as_str(),
                }
            }

            /// Returns whether the value is one of [`KNOWN`](Self::KNOWN).
            pub fn is_known(&self) -> bool {
                !matches!(self, Self::Unknown(_))
            }
        }

        impl ::std::convert::From<&str> for $name {
            fn from(text: &str) -> Self {
                match text {
                    $( $text => Self::$variant, )+
                    other => Self::Unknown($crate::UnknownText::new(other)),
                }
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl $crate::serde::Serialize for $name {
            fn serialize<S: $crate::serde::Serializer>(
                &self,
                serializer: S,
            ) -> ::std::result::Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> $crate::serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::std::result::Result<Self, D::Error> {
                let text = $crate::wire::borrowed_text(deserializer)?;
                Ok(Self::from(text.as_deref().unwrap_or_default()))
            }
        }
    };
}

/// A string that was received as the value of a [`wire_enum!`], but is not one of its known values.
///
/// See the example in [`wire_enum!`](macro@crate::wire_enum).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UnknownText(Box<str>);

impl UnknownText {
    #[doc(hidden)]
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// Returns the string as it was received.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
