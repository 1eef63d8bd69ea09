//! The small types that models share.

mod amount;
mod extra_fields;
mod unix_time;
mod wire_enum;

pub use amount::Amount;
pub(crate) use amount::{looks_like_number, parse_amount, parse_received};
pub use extra_fields::ExtraFields;
pub use unix_time::UnixTime;
pub use wire_enum::UnknownText;
