//! The setters of optional arguments.

/// Writes one chained setter for each optional field.
macro_rules! optional {
    ($( $(#[$meta:meta])* $name:ident: $type:ty, )+) => {
        $(
            $(#[$meta])*
            #[must_use]
            pub fn $name(mut self, $name: impl Into<$type>) -> Self {
                self.$name = Some($name.into());
                self
            }
        )+
    };
}

pub(crate) use optional;
