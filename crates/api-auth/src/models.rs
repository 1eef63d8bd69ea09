//! Small types that the models of all client crates share.

pub(crate) mod amount;
mod extra_fields;
mod unix_time;
mod wire_enum;

pub use amount::Amount;
pub use extra_fields::ExtraFields;
pub use unix_time::UnixTime;
pub use wire_enum::UnknownText;
