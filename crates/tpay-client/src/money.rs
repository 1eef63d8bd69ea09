//! Exact amounts of money. Most endpoints use amounts in a currency, such as 12.34. The marketplace
//! endpoints use whole numbers of grosze, such as 1234.

use api_auth::{Amount, wire_enum};

/// Returns an amount from a number of grosze, which are hundredths of a złoty: 1234 is 12.34 zł.
/// For other currencies, `units` is the number of hundredths of the currency.
///
/// The inverse is [`Amount::minor_units`].
///
/// ```
/// use tpay_client::{Amount, grosze};
///
/// let price = grosze(1234);
/// assert_eq!(price.to_string(), "12.34");
/// assert_eq!(price, "12.340".parse()?);
/// assert_eq!(price.minor_units(2), Some(1234));
/// assert!(price < grosze(1235));
/// # Ok::<(), tpay_client::InputError>(())
/// ```
pub const fn grosze(units: i64) -> Amount {
    Amount::from_minor_units(units, 2)
}

wire_enum! {
    /// A currency (ISO 4217). A currency without a variant can be created from its code:
    /// `Currency::from("HUF")`.
    ///
    /// See the example on [`grosze`](crate::grosze).
    ///
    /// Source: the provider's API reference, `GET /refunds/{refundId}`, which misspells `GBP` as
    /// `GPB`.
    pub enum Currency {
        /// The Polish złoty.
        Pln = "PLN",
        /// The euro.
        Eur = "EUR",
        /// The US dollar.
        Usd = "USD",
        /// The pound sterling.
        Gbp = "GBP",
        /// The Czech koruna.
        Czk = "CZK",
        /// The Norwegian krone.
        Nok = "NOK",
        /// The Danish krone.
        Dkk = "DKK",
        /// The Swedish krona.
        Sek = "SEK",
        /// The Swiss franc.
        Chf = "CHF",
    }
}

/// Conversion of amounts to and from whole numbers of grosze, for `serde`.
pub(crate) mod grosze {
    use api_auth::{Amount, wire};
    use serde::ser::Error;
    use serde::{Deserializer, Serializer};

    pub(crate) fn read<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Amount>, D::Error> {
        Ok(wire::integer(deserializer)?.map(super::grosze))
    }

    pub(crate) fn write<S: Serializer>(amount: &Amount, serializer: S) -> Result<S::Ok, S::Error> {
        match amount.minor_units(2) {
            Some(units) => serializer.serialize_i64(units),
            None => Err(S::Error::custom("an amount is not in whole grosze")),
        }
    }

    pub(crate) fn write_some<S: Serializer>(
        amount: &Option<Amount>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match amount {
            Some(amount) => write(amount, serializer),
            None => serializer.serialize_none(),
        }
    }
}
