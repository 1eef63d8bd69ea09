//! Recurring subscriptions: search and cancellation.
//!
//! ```no_run
//! use tinypass_client::{Client, SearchSubscriptions};
//!
//! let tinypass = Client::from_env()?;
//! for subscription in tinypass.search_subscriptions(&SearchSubscriptions::new().user_ref("user_42"))? {
//!     println!("{:?} {:?}", subscription.id(), subscription.rid());
//! }
//! # Ok::<(), tinypass_client::Error>(())
//! ```

use api_auth::{
    Acknowledgement, Endpoint, ExtraFields, InputError, Params, Response, ResponseError, Result,
    Route, route, setters,
};
use serde::{Deserialize, Serialize};

use crate::{Client, error, validate};

/// A subscription. Its fields are not documented, so `extra` contains all of them. The methods
/// return the fields whose names are known from other objects of the API.
///
/// See the example in the module [`subscription`](crate::subscription).
///
/// Source: the official PHP client 2.0.8 and Ruby gem 0.0.1, which return the response unchanged.
/// The documentation does not name any field.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
#[non_exhaustive]
pub struct Subscription {
    /// All fields of the subscription, as the server sent them.
    pub extra: ExtraFields,
}

impl Subscription {
    /// Returns the field `id`, which is the id of the subscription. Returns `None` if it is absent.
    pub fn id(&self) -> Option<String> {
        self.extra.text("id")
    }

    /// Returns the field `rid`, which is the id of the resource. Returns `None` if it is absent.
    pub fn rid(&self) -> Option<String> {
        self.extra.text("rid")
    }

    /// Returns the field `user_ref`, which is your reference for the user. Returns `None` if it is
    /// absent.
    pub fn user_ref(&self) -> Option<String> {
        self.extra.text("user_ref")
    }
}

/// `GET /r2/subscription/search`: searches recurring subscriptions by resource and user.
///
/// ```
/// use tinypass_client::SearchSubscriptions;
///
/// let request = SearchSubscriptions::new().user_ref("user_42");
/// ```
///
/// Source: the provider's documentation, `developer.tinypass.com/main/restapi`,
/// subscription/search.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SearchSubscriptions {
    rid: Option<String>,
    user_ref: Option<String>,
}

impl SearchSubscriptions {
    /// Creates a search without filters, for all subscriptions.
    pub fn new() -> Self {
        Self::default()
    }

    setters! {
        /// Limits the search to the resource with this id.
        rid: impl Into<String>,
        /// Limits the search to one user, given by your reference for the user, such as `user_42`.
        user_ref: impl Into<String>,
    }
}

impl Endpoint for SearchSubscriptions {
    type Output = Vec<Subscription>;
    const ID: &'static str = "subscription.search";
    const ROUTE: Route<Self> = route!(GET "/r2/subscription/search").or_not_found();

    fn validate(&self) -> Result<(), InputError> {
        validate::some_rid(self.rid.as_deref())
    }

    fn query<'a>(&'a self, params: &mut Params<'a>) {
        params
            .push_some("rid", self.rid.as_deref())
            .push_some("user_ref", self.user_ref.as_deref());
    }

    fn parse(&self, response: &Response) -> Result<Vec<Subscription>, ResponseError> {
        error::list(response).map(|(subscriptions, _)| subscriptions)
    }
}

/// `POST /r2/subscription/cancel`: cancels a recurring subscription.
///
/// ```
/// use tinypass_client::subscription::CancelSubscription;
///
/// let request = CancelSubscription::new("monthly-pass", "user_42");
/// ```
///
/// Source: the provider's documentation, `developer.tinypass.com/main/restapi`,
/// subscription/cancel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CancelSubscription {
    rid: String,
    user_ref: String,
}

impl CancelSubscription {
    /// Creates a request to cancel a user's subscription to the resource `rid`. `user_ref` is your
    /// reference for the user.
    pub fn new(rid: impl Into<String>, user_ref: impl Into<String>) -> Self {
        Self { rid: rid.into(), user_ref: user_ref.into() }
    }
}

impl Endpoint for CancelSubscription {
    type Output = Acknowledgement;
    const ID: &'static str = "subscription.cancel";
    const ROUTE: Route<Self> = route!(POST "/r2/subscription/cancel").all_in_query();

    fn validate(&self) -> Result<(), InputError> {
        validate::not_empty("user_ref", &self.user_ref)?;
        validate::rid(&self.rid)
    }

    fn query<'a>(&'a self, params: &mut Params<'a>) {
        params.push("rid", &self.rid).push("user_ref", &self.user_ref);
    }

    fn parse(&self, response: &Response) -> Result<Acknowledgement, ResponseError> {
        error::acknowledgement(response)
    }
}

/// # Subscriptions
///
/// The request and response types are in the module [`subscription`](crate::subscription).
impl Client {
    /// Returns the recurring subscriptions that match the search. The list is empty if no
    /// subscription matches.
    ///
    /// See the example in the module [`subscription`](crate::subscription).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn search_subscriptions(&self, request: &SearchSubscriptions) -> Result<Vec<Subscription>> {
        self.send(request)
    }

    /// Cancels a user's recurring subscription to the resource `rid`. `user_ref` is your reference
    /// for the user.
    ///
    /// See the example in the module [`subscription`](crate::subscription).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn cancel_subscription(
        &self,
        rid: impl Into<String>,
        user_ref: impl Into<String>,
    ) -> Result<Acknowledgement> {
        self.send(&CancelSubscription::new(rid, user_ref))
    }
}
