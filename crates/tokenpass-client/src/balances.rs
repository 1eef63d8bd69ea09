//! Balances of users, and amounts of tokens in satoshis.
//!
//! [`Balances`] collects the amounts of a response by asset, and
//! [`Rules::evaluate`](crate::Rules::evaluate) compares them with rules.
//!
//! ```no_run
//! use tokenpass_client::{Balances, Client, Rules};
//!
//! let tokenpass = Client::from_env()?;
//! let balances: Balances = tokenpass.list_protected_balances()?.iter().collect();
//! let rules: Rules = "TOKENLY >= 15".parse()?;
//! println!("{}", rules.evaluate(&balances));
//! # Ok::<(), tokenpass_client::Error>(())
//! ```

mod amounts;

use api_auth::{
    Amount, Endpoint, ExtraFields, Params, Response, ResponseError, Result, Route, route,
};
use serde::{Deserialize, Serialize};

use crate::{Client, credentials, error};

pub use amounts::{Balances, Quantity, SATOSHIS, Satoshis};
pub(crate) use amounts::{Holding, balances, php_number, text_or_false};

/// A user's balance of one asset, summed over all addresses of the user or, with
/// [`ListPublicBalances`], over the public ones. Promises to the user are added and promises from
/// the user are subtracted, so the balance can be negative.
///
/// See the example in the module [`balances`](crate::balances).
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`, Balance Object.
/// `precision` is from the provider's plug-in of 2022.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Balance {
    /// The id of the asset, such as `TOKENLY`.
    pub asset: Option<String>,
    /// The name of the asset, which its issuer chooses. According to its source code of 2017, the
    /// server sends the id instead.
    pub name: Option<String>,
    /// The amount in whole tokens, such as 10.5.
    pub balance: Option<Amount>,
    /// The amount in satoshis (`balanceSat`), such as 1050000000.
    #[serde(rename = "balanceSat")]
    pub satoshis: Option<Satoshis>,
    /// The number of decimal places of the asset, such as 8. Only servers from 2022 or later return
    /// it.
    pub precision: Option<i64>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

impl Balance {
    /// Returns `satoshis`, which is exact, or otherwise `balance`. If the precision is not 8,
    /// `balance` takes precedence, because the unit of `satoshis` then depends on the precision.
    /// Returns `None` if neither contains a valid amount.
    fn quantity(&self) -> Option<Quantity> {
        let in_satoshis = |value| Quantity { value, precision: None };
        let whole = self.balance.and_then(|balance| Satoshis::try_from(balance).ok());
        let whole = whole.map(in_satoshis);
        match self.precision {
            None | Some(8) => self.satoshis.map(in_satoshis).or(whole),
            Some(precision) => whole.or_else(|| {
                let precision = Some(u8::try_from(precision).ok()?);
                Some(Quantity { value: self.satoshis?, precision })
            }),
        }
    }
}

impl<'a> FromIterator<&'a Balance> for Balances {
    /// Collects the amounts by asset. If an entry has neither `satoshis` nor `balance`, the amount
    /// of its asset is unknown and every rule about that asset is false. An entry without `asset`
    /// is skipped, because its `name` is chosen by the issuer and can be that of another asset.
    fn from_iter<I: IntoIterator<Item = &'a Balance>>(list: I) -> Self {
        let mut balances = Self::new();
        for entry in list {
            if let Some(asset) = &entry.asset {
                balances.merge(asset.clone(), entry.quantity());
            }
        }
        balances
    }
}

/// Parses a list of balances. In the documentation, the list is wrapped in `result`, but the server
/// sends it unwrapped. Both formats are accepted.
fn list(response: &Response) -> Result<Vec<Balance>, ResponseError> {
    if api_auth::json_start(response) == Some(b'[') {
        return error::success(response);
    }
    error::result(response)
}

/// `GET /api/v1/tca/public/balances`: returns the balances of the logged-in user's public
/// addresses. Requires the scope `tca`.
///
/// See the example in the module [`balances`](crate::balances).
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListPublicBalances {
    refresh: bool,
}

impl ListPublicBalances {
    /// Creates a request for the balances that the server has cached.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets whether the server queries the blockchain first, which is slow. Defaults to `false`.
    #[must_use]
    pub fn refresh(mut self, refresh: bool) -> Self {
        self.refresh = refresh;
        self
    }
}

impl Endpoint for ListPublicBalances {
    type Output = Vec<Balance>;
    const ID: &'static str = "balance.public";
    const ROUTE: Route<Self> = route!(GET "/api/v1/tca/public/balances")
        .credential(credentials::USER)
        .idempotent_when(|endpoint| !endpoint.refresh);

    fn query<'a>(&'a self, params: &mut Params<'a>) {
        params.push_some("refresh", self.refresh.then_some("1"));
    }

    fn parse(&self, response: &Response) -> Result<Vec<Balance>, ResponseError> {
        list(response)
    }
}

/// `GET /api/v1/tca/protected/balances`: returns the balances of all addresses of the logged-in
/// user. Requires the scope `private-balances`.
///
/// See the example in the module [`balances`](crate::balances).
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListProtectedBalances {
    refresh: bool,
}

impl ListProtectedBalances {
    /// Creates a request for the balances that the server has cached.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets whether the server queries the blockchain first, which is slow. Defaults to `false`.
    #[must_use]
    pub fn refresh(mut self, refresh: bool) -> Self {
        self.refresh = refresh;
        self
    }
}

impl Endpoint for ListProtectedBalances {
    type Output = Vec<Balance>;
    const ID: &'static str = "balance.protected";
    const ROUTE: Route<Self> = route!(GET "/api/v1/tca/protected/balances")
        .credential(credentials::USER)
        .idempotent_when(|endpoint| !endpoint.refresh);

    fn query<'a>(&'a self, params: &mut Params<'a>) {
        params.push_some("refresh", self.refresh.then_some("1"));
    }

    fn parse(&self, response: &Response) -> Result<Vec<Balance>, ResponseError> {
        list(response)
    }
}

/// # Balances
///
/// The request and response types are in the module [`balances`](crate::balances).
impl Client {
    /// Returns the balances of the logged-in user's public addresses.
    ///
    /// See the example in the module [`balances`](crate::balances).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn list_public_balances(&self) -> Result<Vec<Balance>> {
        self.send(&ListPublicBalances::new())
    }

    /// Returns the balances of all addresses of the logged-in user.
    ///
    /// See the example in the module [`balances`](crate::balances).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn list_protected_balances(&self) -> Result<Vec<Balance>> {
        self.send(&ListProtectedBalances::new())
    }
}
