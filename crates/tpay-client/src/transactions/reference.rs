//! References by which a transaction can be found if the outcome of its creation is unknown.

use std::time::SystemTime;

use api_auth::{Result, Secret};

use super::ListTransactions;
use crate::{Client, Transaction};

/// The digits of a ULID (Crockford's base 32).
const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// # Finding a transaction after an unknown outcome
///
/// The API has no idempotency keys, so a repeated request can create a second transaction. See also
/// the module [`transactions`](crate::transactions).
impl Client {
    /// Generates a unique [`hidden_description`](crate::CreateTransaction::hidden_description): a
    /// ULID of 26 letters and digits, which encodes the time of the client's clock and 80 random
    /// bits. You can also use it as the id of a
    /// [`CreateRecurring`](crate::recurring::CreateRecurring).
    ///
    /// Store the reference with your order before you create the transaction. If the outcome of the
    /// request is unknown, search for the reference with
    /// [`find_transactions`](Client::find_transactions).
    ///
    /// ```
    /// # use tpay_client::Client;
    /// # let tpay = Client::builder("id", "secret").transport(|_| Ok(Default::default())).build()?;
    /// let reference = tpay.reference_id()?;
    /// assert_eq!(reference.len(), 26);
    /// assert_ne!(reference, tpay.reference_id()?);
    /// # Ok::<(), tpay_client::Error>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error if the operating system provides no randomness.
    pub fn reference_id(&self) -> Result<String> {
        let since_1970 = self.core.clock().now().duration_since(SystemTime::UNIX_EPOCH);
        let milliseconds = since_1970.unwrap_or_default().as_millis();
        let random = Secret::unguessable()?;
        let digit = |value: u128| DIGITS.get(value as usize % 32).copied().unwrap_or(b'0');
        let time = (0..10).rev().map(|place| digit(milliseconds >> (5 * place)));
        // Two hex digits have eight bits, of which five are used.
        let hex = random.expose().as_bytes().chunks(2).take(16);
        let noise = hex.map(|pair| {
            let value = |byte: &u8| u128::from(char::from(*byte).to_digit(16).unwrap_or_default());
            digit(pair.iter().fold(0, |sum, byte| sum * 16 + value(byte)))
        });
        Ok(time.chain(noise).map(char::from).collect())
    }

    /// Returns the transactions that match `search` and have this hidden description. The API
    /// cannot filter by hidden description, so all pages of `search` are requested. To limit their
    /// number, set the start of `search` to one day before the transaction can have been created.
    /// The margin is necessary because the time zone of the filter is not documented, and because
    /// one hour occurs twice in autumn.
    ///
    /// After an unknown outcome, an empty result means that no transaction was created, or that the
    /// server is still processing the request. Search again after a minute before you create
    /// another transaction.
    ///
    /// ```no_run
    /// use std::time::{Duration, SystemTime};
    /// use tpay_client::transactions::ListTransactions;
    /// use tpay_client::{Client, CreateTransaction, Payer, grosze};
    ///
    /// let tpay = Client::from_env()?;
    /// let (started, reference) = (SystemTime::now(), tpay.reference_id()?);
    /// let payer = Payer::new("jan.nowak@example.com", "Jan Nowak");
    /// let order =
    ///     CreateTransaction::new(grosze(1234), "Order 7", payer).hidden_description(&reference);
    /// match tpay.create_transaction(&order) {
    ///     Ok(created) => println!("{:?}", created.transaction_payment_url),
    ///     Err(error) if error.outcome_unknown() => {
    ///         let search = ListTransactions::new().from(started - Duration::from_secs(86_400));
    ///         println!("{:?}", tpay.find_transactions(&reference, &search)?);
    ///     }
    ///     Err(error) => return Err(error),
    /// }
    /// # Ok::<(), tpay_client::Error>(())
    /// ```
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn find_transactions(
        &self,
        hidden_description: &str,
        search: &ListTransactions,
    ) -> Result<Vec<Transaction>> {
        let is_searched = |found: &Result<Transaction>| {
            found.as_ref().map_or(true, |transaction| {
                transaction.hidden_description.as_deref() == Some(hidden_description)
            })
        };
        self.transactions(search).filter(is_searched).collect()
    }
}
