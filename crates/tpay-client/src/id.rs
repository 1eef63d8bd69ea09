//! Numeric ids. Each kind of id has its own type, so that the id of a channel, for example, cannot
//! be passed as the id of a group.

/// Defines a type for a kind of id that the provider documents as a number.
macro_rules! id {
    ($(#[$meta:meta])* pub struct $name:ident;) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, ::serde::Serialize)]
        #[serde(transparent)]
        pub struct $name(i64);

        impl $name {
            /// Creates an id from its number.
            pub const fn new(number: i64) -> Self {
                Self(number)
            }

            /// Returns the id as a number.
            pub const fn number(self) -> i64 {
                self.0
            }
        }

        impl ::std::convert::From<i64> for $name {
            fn from(number: i64) -> Self {
                Self(number)
            }
        }

        impl ::std::convert::From<&$name> for ::api_auth::Segment<'_> {
            fn from(id: &$name) -> Self {
                Self::Number(id.0)
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::fmt::Display::fmt(&self.0, f)
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = ::std::num::ParseIntError;

            fn from_str(text: &str) -> ::std::result::Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    };
}
pub(crate) use id;

#[cfg(test)]
mod tests {
    use crate::channels::ChannelId;

    #[test]
    fn id_is_sent_and_parsed_as_a_number() {
        let id = ChannelId::from(64);
        assert_eq!(serde_json::to_string(&id).unwrap(), "64");
        assert_eq!(("64".parse(), id.to_string(), id.number()), (Ok(id), "64".to_owned(), 64));
        assert!("64a".parse::<ChannelId>().is_err());
    }
}
