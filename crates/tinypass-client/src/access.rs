//! Access records: which user may access which resource, and until when.
//!
//! [`Client::get_access`] looks up one record, [`Client::accesses`] iterates over all records of a
//! search, and [`Client::grant_access`] and [`Client::revoke_access`] change them.
//!
//! ```no_run
//! use tinypass_client::{Client, SearchAccess};
//!
//! let tinypass = Client::from_env()?;
//! for access in tinypass.accesses(&SearchAccess::new().rid("premium-content")) {
//!     let access = access?;
//!     println!("{:?} until {:?}", access.user_email, access.expires);
//! }
//! # Ok::<(), tinypass_client::Error>(())
//! ```

use std::time::SystemTime;

use api_auth::{
    Acknowledgement, Amount, Endpoint, Extent, ExtraFields, InputError, Items, NumberedPages,
    Paged, Params, Response, ResponseError, Result, Route, UnixTime, json_start, required, route,
    setters, wire,
};
use serde::{Deserialize, Serialize};

use crate::error::{self, Model, Record};
use crate::{Client, validate};

/// The maximum number of access records that a search returns per page.
///
/// See the example in the module [`access`](crate::access).
pub const MAX_PAGE_SIZE: u32 = 1000;

/// An access record: the access of a user to a resource (`AccessDetails` in the documentation).
///
/// Any field can be absent from a response, and numbers can be strings.
///
/// See the example in the module [`access`](crate::access).
///
/// Source: the provider's documentation, `developer.tinypass.com/main/restapi`, `AccessDetails`.
/// `expires` is absent in some real responses.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Access {
    /// The public id of the record, such as `1VShIZzLeIod`.
    pub id: Option<String>,
    /// The id of the application, such as `AIDAIDAID0`.
    pub aid: Option<String>,
    /// The id of the resource, such as `premium-content`.
    pub rid: Option<String>,
    /// The id that TinyPass assigned to the user, such as `kjkxrNWUyD`.
    pub uid: Option<String>,
    /// The price that was paid, in units of `currency`, such as 4.99.
    pub amount: Option<Amount>,
    /// The currency (ISO 4217), such as `USD`.
    pub currency: Option<String>,
    /// The time at which access was granted, in Unix seconds.
    pub created: Option<UnixTime>,
    /// The time at which access expires, in Unix seconds. `None` if access does not expire (the
    /// field is absent, null or 0 in the response).
    #[serde(default, deserialize_with = "wire::end_time")]
    pub expires: Option<UnixTime>,
    /// Your reference for the user, such as `user_42`, or the id that TinyPass assigned to the
    /// user.
    pub user_ref: Option<String>,
    /// The user's e-mail address.
    pub user_email: Option<String>,
    /// The tags of the resource, such as `music`.
    #[serde(default, deserialize_with = "wire::texts")]
    pub tags: Vec<String>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

impl Access {
    /// Returns whether the record grants access at `now`, that is, whether it does not expire or
    /// expires after `now`.
    ///
    /// Returns `false` for a record without any documented field, because its expiry is unknown.
    ///
    /// ```
    /// use std::time::{Duration, SystemTime};
    ///
    /// let access: tinypass_client::Access = serde_json::from_str(r#"{"expires":1402160000}"#)?;
    /// let end = SystemTime::UNIX_EPOCH + Duration::from_secs(1_402_160_000);
    /// assert!(access.is_active(end - Duration::from_secs(1)));
    /// assert!(!access.is_active(end));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn is_active(&self, now: SystemTime) -> bool {
        self.has_fields() && self.expires.is_none_or(|end| UnixTime::from(now) < end)
    }
}

impl Model for Access {
    fn extra(&self) -> &ExtraFields {
        &self.extra
    }
}

impl Record for Access {
    const REQUIRED: &'static str = "id";

    fn has_fields(&self) -> bool {
        let Self {
            id,
            aid,
            rid,
            uid,
            amount,
            currency,
            created,
            expires,
            user_ref,
            user_email,
            tags,
            extra: _,
        } = self;
        [id, aid, rid, uid, currency, user_ref, user_email].into_iter().any(Option::is_some)
            || [created, expires].into_iter().any(Option::is_some)
            || amount.is_some()
            || !tags.is_empty()
    }
}

/// `GET /r2/access`: returns the access record of a user for a resource.
///
/// ```
/// use tinypass_client::Endpoint;
/// use tinypass_client::access::GetAccess;
///
/// let request = GetAccess::new("premium-content", "user_42");
/// assert_eq!(request.path(), "/r2/access");
/// ```
///
/// Source: the provider's documentation, `developer.tinypass.com/main/restapi`, access.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetAccess {
    rid: String,
    user_ref: String,
}

impl GetAccess {
    /// Creates a request for the access record of a user for the resource `rid`. `user_ref` is your
    /// reference for the user, or the user's `uid`, which TinyPass assigned.
    pub fn new(rid: impl Into<String>, user_ref: impl Into<String>) -> Self {
        Self { rid: rid.into(), user_ref: user_ref.into() }
    }
}

impl Endpoint for GetAccess {
    type Output = Option<Access>;
    const ID: &'static str = "access.get";
    const ROUTE: Route<Self> = route!(GET "/r2/access").or_not_found();

    fn validate(&self) -> Result<(), InputError> {
        validate::rid(&self.rid)
    }

    fn query<'a>(&'a self, params: &mut Params<'a>) {
        params.push("rid", &self.rid).push("user_ref", &self.user_ref);
    }

    fn parse(&self, response: &Response) -> Result<Option<Access>, ResponseError> {
        error::optional(response)
    }
}

/// `GET /r2/access/search`: searches access records by resource, user, e-mail address or tag, and
/// returns one page.
///
/// Without a filter, all records that have not expired are returned.
/// [`show_expired`](Self::show_expired) includes the expired ones. Pages are counted from 0.
///
/// ```
/// use tinypass_client::SearchAccess;
///
/// let request = SearchAccess::new().email("ann@example.org").show_expired(true).page_size(500);
/// ```
///
/// Source: the provider's documentation, `developer.tinypass.com/main/restapi`, access/search.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SearchAccess {
    rid: Option<String>,
    user_ref: Option<String>,
    email: Option<String>,
    tag: Option<String>,
    show_expired: Option<bool>,
    page: Option<u32>,
    page_size: Option<u32>,
}

impl SearchAccess {
    /// Creates a search without filters, for all records that have not expired.
    pub fn new() -> Self {
        Self::default()
    }

    setters! {
        /// Limits the search to the resource with this id.
        rid: impl Into<String>,
        /// Limits the search to one user, given by your reference for the user or by the user's
        /// `uid`, which TinyPass assigned.
        user_ref: impl Into<String>,
        /// Limits the search to the user with this e-mail address.
        email: impl Into<String>,
        /// Limits the search to resources with this tag. Only one tag can be set.
        tag: impl Into<String>,
        /// Sets whether expired records are included. The server's default is `false`.
        show_expired: bool,
        /// Sets the number of the page. The first page is 0.
        page: u32,
        /// Sets the page size, from 1 to 1000. The server's default is 100.
        page_size: u32,
    }

    /// Sets the page number to 0 and the page size to 1000, unless they are set already. The last
    /// page can be detected only if the page size is known.
    pub(crate) fn explicit_page(mut self) -> Self {
        self.page.get_or_insert(0);
        self.page_size.get_or_insert(MAX_PAGE_SIZE);
        self
    }
}

/// A page of access records.
///
/// See the example in the module [`access`](crate::access).
///
/// Source: the official PHP client 2.0.8 and Ruby gem 0.0.1, and scripts that used the service.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AccessPage {
    /// The access records of this page.
    #[serde(default)]
    pub data: Vec<Access>,
    /// Fields that this type does not cover. The format of the page is not documented.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

impl Endpoint for SearchAccess {
    type Output = AccessPage;
    const ID: &'static str = "access.search";
    const ROUTE: Route<Self> = route!(GET "/r2/access/search").or_not_found();

    fn validate(&self) -> Result<(), InputError> {
        if self.page_size.is_some_and(|size| !(1..=MAX_PAGE_SIZE).contains(&size)) {
            return Err(InputError::new("page_size", "must be between 1 and 1000"));
        }
        validate::some_rid(self.rid.as_deref())
    }

    fn query<'a>(&'a self, params: &mut Params<'a>) {
        params
            .push_some("rid", self.rid.as_deref())
            .push_some("user_ref", self.user_ref.as_deref())
            .push_some("email", self.email.as_deref())
            .push_some("tag", self.tag.as_deref())
            .push_some("show_expired", self.show_expired.map(|show| show.to_string()))
            .push_some("page", self.page.map(|page| page.to_string()))
            .push_some("pagesize", self.page_size.map(|size| size.to_string()));
    }

    fn parse(&self, response: &Response) -> Result<AccessPage, ResponseError> {
        error::list(response).map(|(data, extra)| AccessPage { data, extra })
    }
}

impl Paged for SearchAccess {
    type Item = Access;

    fn next(&self, page: &AccessPage) -> Option<Self> {
        let more = self.extent(page).promises_more(page.data.len());
        let next = self.page_number().checked_add(1).filter(|_| more)?;
        Some(self.clone().page(next))
    }

    fn extent(&self, _page: &AccessPage) -> Extent {
        Extent::of_page(self.page_number(), self.page_size.unwrap_or(100))
    }

    fn items(page: AccessPage) -> Vec<Access> {
        page.data
    }

    fn item_id(access: &Access) -> Option<&str> {
        access.id.as_deref()
    }
}

impl NumberedPages for SearchAccess {
    fn page_number(&self) -> u32 {
        self.page.unwrap_or(0)
    }

    fn with_page_number(&self, number: u32) -> Self {
        self.clone().page(number)
    }
}

/// `POST /r2/access/grant`: grants a user access to an existing resource.
///
/// ```
/// use tinypass_client::{GrantAccess, UnixTime};
///
/// let request = GrantAccess::new("premium-content", "ann@example.org")
///     .user_ref("user_42")
///     .expires(UnixTime::from_seconds(1_893_456_000))
///     .suppress_email(true);
/// ```
///
/// Source: the provider's documentation, `developer.tinypass.com/main/restapi`, access/grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantAccess {
    rid: String,
    email: String,
    user_ref: Option<String>,
    expires: Option<UnixTime>,
    message: Option<String>,
    suppress_email: Option<bool>,
}

impl GrantAccess {
    /// Creates a request to grant the user with the e-mail address `email` access to the resource
    /// `rid`. By default, access does not expire.
    pub fn new(rid: impl Into<String>, email: impl Into<String>) -> Self {
        Self {
            rid: rid.into(),
            email: email.into(),
            user_ref: None,
            expires: None,
            message: None,
            suppress_email: None,
        }
    }

    setters! {
        /// Sets your reference for the user. This is recommended, because [`Client::get_access`]
        /// looks up access by this reference.
        user_ref: impl Into<String>,
        /// Sets the time at which access expires.
        expires: impl Into<UnixTime>,
        /// Sets a message that the e-mail to the user contains.
        message: impl Into<String>,
        /// Sets whether the e-mail to the user is suppressed. The server's default is `false`.
        suppress_email: bool,
    }
}

/// The response to a grant. Its format is not documented: the server can return the record, an
/// acknowledgement such as `{"success":true}`, or nothing.
///
/// ```
/// use tinypass_client::{Client, GrantAccess};
///
/// # fn grant(tinypass: &Client) -> Result<(), tinypass_client::Error> {
/// let granted = tinypass.grant_access(&GrantAccess::new("premium-content", "ann@example.org"))?;
/// match granted.access {
///     Some(access) => println!("granted until {:?}", access.expires),
///     None => println!("granted; the server did not return the record"),
/// }
/// # Ok(())
/// # }
/// ```
///
/// Source: the official PHP client 2.0.8, which returns the response as an access record.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Granted {
    /// The access record. `None` if the response contains no documented field of a record. In that
    /// case, call [`Client::get_access`].
    pub access: Option<Access>,
    /// The response, if it is not an access record. It can be empty.
    pub acknowledgement: Acknowledgement,
}

impl Endpoint for GrantAccess {
    type Output = Granted;
    const ID: &'static str = "access.grant";
    const ROUTE: Route<Self> = route!(POST "/r2/access/grant").all_in_query();

    fn validate(&self) -> Result<(), InputError> {
        if let Some(user_ref) = &self.user_ref {
            validate::not_empty("user_ref", user_ref)?;
        }
        validate::not_empty("email", &self.email)?;
        if self.expires.is_some_and(|end| end.seconds() <= 0) {
            return Err(InputError::new("expires", "must be after 1970-01-01"));
        }
        validate::rid(&self.rid)
    }

    fn query<'a>(&'a self, params: &mut Params<'a>) {
        params
            .push("rid", &self.rid)
            .push_some("user_ref", self.user_ref.as_deref())
            .push("email", &self.email)
            .push_some("expiration", self.expires.map(|end| end.seconds().to_string()))
            .push_some("message", self.message.as_deref())
            .push_some("suppress_email", self.suppress_email.map(|suppress| suppress.to_string()));
    }

    fn parse(&self, response: &Response) -> Result<Granted, ResponseError> {
        if json_start(response) == Some(b'{') {
            let mut access: Access = error::success(response)?;
            if access.has_fields() {
                access.expires = access.expires.or(self.expires);
                return Ok(Granted { access: Some(access), ..Granted::default() });
            }
            // An empty object `{}` from a proxy is not an acknowledgement.
            required(Access::REQUIRED, Some(()).filter(|()| !access.extra.is_empty()))?;
        }
        error::acknowledgement(response)
            .map(|acknowledgement| Granted { access: None, acknowledgement })
    }
}

/// `POST /r2/access/revoke`: revokes a user's access to a resource.
///
/// ```
/// use tinypass_client::RevokeAccess;
///
/// let request = RevokeAccess::new("premium-content", "user_42").refund(true);
/// ```
///
/// Source: the provider's documentation, `developer.tinypass.com/main/restapi`, access/revoke.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevokeAccess {
    rid: String,
    user_ref: String,
    refund: Option<bool>,
}

impl RevokeAccess {
    /// Creates a request to revoke a user's access to the resource `rid`. `user_ref` is your
    /// reference for the user, or the user's `uid`, which TinyPass assigned.
    pub fn new(rid: impl Into<String>, user_ref: impl Into<String>) -> Self {
        Self { rid: rid.into(), user_ref: user_ref.into(), refund: None }
    }

    setters! {
        /// Sets whether the price is refunded to the user. The server's default is `false`.
        refund: bool,
    }
}

impl Endpoint for RevokeAccess {
    type Output = Acknowledgement;
    const ID: &'static str = "access.revoke";
    const ROUTE: Route<Self> = route!(POST "/r2/access/revoke").all_in_query();

    fn validate(&self) -> Result<(), InputError> {
        validate::not_empty("user_ref", &self.user_ref)?;
        validate::rid(&self.rid)
    }

    fn query<'a>(&'a self, params: &mut Params<'a>) {
        params
            .push("rid", &self.rid)
            .push("user_ref", &self.user_ref)
            .push_some("refund", self.refund.map(|refund| refund.to_string()));
    }

    fn parse(&self, response: &Response) -> Result<Acknowledgement, ResponseError> {
        error::acknowledgement(response)
    }
}

/// # Access
///
/// The request and response types are in the module [`access`](crate::access).
impl Client {
    /// Returns the access record of a user for the resource `rid`, or `None` if there is no record.
    /// `user_ref` is your reference for the user, or the user's `uid`, which TinyPass assigned.
    ///
    /// An expired record can be returned as well. Check it with [`Access::is_active`].
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_access(
        &self,
        rid: impl Into<String>,
        user_ref: impl Into<String>,
    ) -> Result<Option<Access>> {
        self.send(&GetAccess::new(rid, user_ref))
    }

    /// Returns an iterator over all access records that match the search. It requests the pages one
    /// after another and returns each record once.
    ///
    /// No request is sent before the first call of `next`. The iterator starts at the page of the
    /// search. Without a page size, 1000 records per page are requested.
    ///
    /// [`concurrent`](Items::concurrent) requests several pages at a time. If records may be
    /// missing because the list changed while it was read, the last item is an error of kind
    /// [`Incomplete`](crate::ErrorKind::Incomplete).
    ///
    /// ```
    /// use tinypass_client::SearchAccess;
    ///
    /// # use tinypass_client::Client;
    /// # use tinypass_client::api_auth::{Request, Response, TransportError};
    /// # let server = |_: Request| -> Result<_, TransportError> {
    /// #     Ok(Response::new(br#"{"data":[{"id":"1","user_email":"ann@example.org"}]}"#.to_vec()))
    /// # };
    /// # let tinypass = Client::builder("AIDAIDAID0", "key").transport(server).build()?;
    /// for access in tinypass.accesses(&SearchAccess::new().show_expired(true)) {
    ///     assert_eq!(access?.user_email.as_deref(), Some("ann@example.org"));
    /// }
    /// # Ok::<(), tinypass_client::Error>(())
    /// ```
    pub fn accesses(&self, request: &SearchAccess) -> Items<SearchAccess> {
        Items::new(self.core.clone(), request.clone().explicit_page())
    }

    /// Returns one page of access records. The page is empty if no record matches.
    ///
    /// See the example in the module [`access`](crate::access).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn search_access(&self, request: &SearchAccess) -> Result<AccessPage> {
        self.send(request)
    }

    /// Grants a user access to an existing resource. The server sends an e-mail to the user unless
    /// [`suppress_email`](GrantAccess::suppress_email) is set.
    ///
    /// A repeated request could cause the server to send a second e-mail, so this method does not
    /// retry a request whose outcome is unknown. To find out whether it was carried out, call
    /// [`get_access`](Client::get_access) before the first request and again after the failure, and
    /// compare the records. If they are equal, the server may still be processing the request: wait
    /// a minute and look again. Repeat it only if they are still equal. A change can also come from
    /// another program, so compare the expiry, too.
    ///
    /// If the response is an acknowledgement without the record, [`Granted::access`] is `None`. If
    /// the record in the response has no `expires`, that of the request is used.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn grant_access(&self, request: &GrantAccess) -> Result<Granted> {
        self.send(request)
    }

    /// Revokes a user's access to a resource. The price is refunded if
    /// [`refund`](RevokeAccess::refund) is set.
    ///
    /// The request is never retried if its outcome is unknown. To find out whether it was carried
    /// out, call [`get_access`](Client::get_access) before the first request and again after the
    /// failure, and compare the records. If they are equal, the server may still be processing the
    /// request: wait a minute and look again. Repeat it only if they are still equal.
    ///
    /// See the example in the module [`access`](crate::access).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn revoke_access(&self, request: &RevokeAccess) -> Result<Acknowledgement> {
        self.send(request)
    }
}
