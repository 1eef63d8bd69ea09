//! The properties of an endpoint, such as its method, path template and credential, as one
//! constant.

mod template;

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use http::{Method, StatusCode};

use self::template::{begins_with, check_template, placeholder, placeholders};
use crate::encode::path_segment;
use crate::error::input::InputError;
use crate::secret::Secret;
use crate::validate;

const GET: &Method = &Method::GET;
const POST: &Method = &Method::POST;
const PUT: &Method = &Method::PUT;
const PATCH: &Method = &Method::PATCH;
const DELETE: &Method = &Method::DELETE;

/// The maximum number of arguments in a path.
const MOST: usize = 4;

/// The name of one of a client's credentials. It contains no secret.
///
/// See the example in [`Client`](crate::Client).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Credential(&'static str);

impl Credential {
    /// The credentials that the client was created with.
    pub const MAIN: Self = Self("main");
    /// No credentials. The request is not authenticated.
    pub const NONE: Self = Self("none");

    /// Creates the name of another credential of a provider, such as `privileged`.
    pub const fn named(name: &'static str) -> Self {
        Self(name)
    }

    /// Returns the name of the credential, such as `main`.
    pub const fn name(self) -> &'static str {
        self.0
    }
}

/// The name of one of a provider's servers, each of which has its own base URL.
///
/// See the example in [`Client`](crate::Client).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Server(&'static str);

impl Server {
    /// The server of the API.
    pub const MAIN: Self = Self("main");

    /// Creates the name of another server of a provider, such as `files`.
    pub const fn named(name: &'static str) -> Self {
        Self(name)
    }

    /// Returns the name of the server, such as `main`.
    pub const fn name(self) -> &'static str {
        self.0
    }
}

/// The value of a placeholder in a path, before it is percent-encoded.
///
/// See the example in [`Paged`](crate::Paged).
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Segment<'a> {
    /// A string, such as an id.
    Text(&'a str),
    /// A number, such as a numeric id.
    Number(i64),
}

impl<'a> From<&'a String> for Segment<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a Secret> for Segment<'a> {
    fn from(secret: &'a Secret) -> Self {
        Self::Text(secret.expose())
    }
}

impl From<&i64> for Segment<'_> {
    fn from(number: &i64) -> Self {
        Self::Number(*number)
    }
}

impl From<&u32> for Segment<'_> {
    fn from(number: &u32) -> Self {
        Self::Number(i64::from(*number))
    }
}

struct Argument<E> {
    name: &'static str,
    read: for<'a> fn(&'a E) -> Segment<'a>,
    is_secret: bool,
}

impl<E> Clone for Argument<E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Copy for Argument<E> {}

/// Which parameters of a request are in its query. All others are in the body.
#[derive(Debug, Clone, Copy)]
pub(crate) enum InQuery {
    All,
    These(&'static [&'static str]),
}

impl InQuery {
    const NONE: Self = Self::These(&[]);

    pub(crate) fn contains(self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::These(names) => names.contains(&name),
        }
    }
}

enum Idempotency<E> {
    Fixed(bool),
    When(fn(&E) -> bool),
}

impl<E> Clone for Idempotency<E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Copy for Idempotency<E> {}

/// The properties of an endpoint, such as its method, path template, credential and idempotency.
///
/// A route is the value of the constant [`Endpoint::ROUTE`](crate::Endpoint::ROUTE). It is created
/// with [`route!`](crate::route) or with functions such as [`Route::get`]. A template that is not a
/// path, or whose placeholders differ from the arguments, does not compile.
///
/// ```
/// use api_auth::{Endpoint, ResponseError, Response, Route, json, route};
///
/// struct GetRefund {
///     refund_id: String,
/// }
///
/// impl Endpoint for GetRefund {
///     type Output = String;
///     const ID: &'static str = "refunds.get";
///     const ROUTE: Route<Self> = route!(GET "/refunds/{refundId}", refund_id).or_not_found();
///
///     fn parse(&self, response: &Response) -> Result<String, ResponseError> {
///         json(response)
///     }
/// }
///
/// assert_eq!(GetRefund::ROUTE.template(), "/refunds/{refundId}");
/// assert_eq!(GetRefund { refund_id: "rf/1".to_owned() }.path(), "/refunds/rf%2F1");
/// ```
pub struct Route<E> {
    method: &'static Method,
    template: &'static str,
    arguments: [Option<Argument<E>>; MOST],
    count: usize,
    has_secret: bool,
    path: Option<for<'a> fn(&'a E) -> Cow<'a, str>>,
    credential: Credential,
    server: Server,
    idempotency: Idempotency<E>,
    is_read_only: bool,
    in_query: InQuery,
    accept: &'static str,
    is_accepted: fn(StatusCode) -> bool,
    or_not_found: bool,
}

impl<E> Clone for Route<E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Copy for Route<E> {}

impl<E> fmt::Debug for Route<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Route")
            .field("method", self.method)
            .field("template", &self.template)
            .field("credential", &self.credential)
            .field("server", &self.server)
            .field("or_not_found", &self.or_not_found)
            .finish_non_exhaustive()
    }
}

impl<E> Route<E> {
    const fn new(
        method: &'static Method,
        template: &'static str,
        is_read_only: bool,
        in_query: InQuery,
    ) -> Self {
        check_template(template);
        Self {
            method,
            template,
            arguments: [None; MOST],
            count: 0,
            has_secret: false,
            path: None,
            credential: Credential::MAIN,
            server: Server::MAIN,
            idempotency: Idempotency::Fixed(is_read_only),
            is_read_only,
            in_query,
            accept: "application/json",
            is_accepted: is_success,
            or_not_found: false,
        }
    }

    /// Creates the route of a GET request, which is read-only and idempotent.
    pub const fn get(template: &'static str) -> Self {
        Self::new(GET, template, true, InQuery::All)
    }

    /// Creates the route of a POST request, which is not idempotent by default.
    pub const fn post(template: &'static str) -> Self {
        Self::new(POST, template, false, InQuery::NONE)
    }

    /// Creates the route of a PUT request. The request is treated as not idempotent unless
    /// [`idempotent`](Self::idempotent) is called, because not every API implements PUT
    /// idempotently.
    pub const fn put(template: &'static str) -> Self {
        Self::new(PUT, template, false, InQuery::NONE)
    }

    /// Creates the route of a PATCH request, which is not idempotent by default.
    pub const fn patch(template: &'static str) -> Self {
        Self::new(PATCH, template, false, InQuery::NONE)
    }

    /// Creates the route of a DELETE request. The request is treated as not idempotent unless
    /// [`idempotent`](Self::idempotent) is called, because not every API implements DELETE
    /// idempotently.
    pub const fn delete(template: &'static str) -> Self {
        Self::new(DELETE, template, false, InQuery::All)
    }

    /// Binds the next placeholder to an argument. The placeholder must begin with the argument's
    /// name, ignoring case and underscores: `transaction_id` matches `{transactionId}`, and `group`
    /// matches `{group_uuid}`.
    ///
    /// # Panics
    /// Panics if the template has no further placeholder, if the next placeholder has a different
    /// name, or if the route already has four arguments. In a constant, this is a compiler error.
    #[must_use]
    pub const fn argument(
        self,
        name: &'static str,
        read: for<'a> fn(&'a E) -> Segment<'a>,
    ) -> Self {
        self.bind(name, read, false)
    }

    /// Binds the next placeholder to an argument whose value is shown as `***` in printed commands
    /// and recordings. See [`argument`](Self::argument).
    ///
    /// # Panics
    /// Panics like [`argument`](Self::argument).
    #[must_use]
    pub const fn secret_argument(
        self,
        name: &'static str,
        read: for<'a> fn(&'a E) -> Segment<'a>,
    ) -> Self {
        self.bind(name, read, true)
    }

    #[expect(clippy::indexing_slicing, reason = "it is evaluated when the constant is compiled")]
    const fn bind(
        mut self,
        name: &'static str,
        read: for<'a> fn(&'a E) -> Segment<'a>,
        is_secret: bool,
    ) -> Self {
        assert!(
            begins_with(placeholder(self.template, self.count), name.as_bytes()),
            "the placeholder and the argument have different names"
        );
        assert!(self.count < MOST, "a path must have at most four arguments");
        self.has_secret |= is_secret;
        self.assert_secrets_are_hidden();
        self.arguments[self.count] = Some(Argument { name, read, is_secret });
        self.count += 1;
        self
    }

    /// Sets a function that returns the percent-encoded path of a request. The template remains the
    /// documented path. The path is shown in printed commands and recordings, so it must not
    /// contain secrets.
    ///
    /// # Panics
    /// Panics if the route has a [`secret_argument`](Self::secret_argument). In a constant, this is
    /// a compiler error.
    #[must_use]
    pub const fn path(mut self, path: for<'a> fn(&'a E) -> Cow<'a, str>) -> Self {
        self.path = Some(path);
        self.assert_secrets_are_hidden();
        self
    }

    const fn assert_secrets_are_hidden(&self) {
        assert!(
            self.path.is_none() || !self.has_secret,
            "a path with a secret argument must not be set with a function"
        );
    }

    /// Sets the credential that authenticates the request. Defaults to [`Credential::MAIN`].
    #[must_use]
    pub const fn credential(mut self, credential: Credential) -> Self {
        self.credential = credential;
        self
    }

    /// Sets the server that the request is sent to. Defaults to [`Server::MAIN`].
    #[must_use]
    pub const fn server(mut self, server: Server) -> Self {
        self.server = server;
        self
    }

    /// Marks the request as idempotent, that is, safe to send again after its response was lost.
    #[must_use]
    pub const fn idempotent(mut self) -> Self {
        self.idempotency = Idempotency::Fixed(true);
        self
    }

    /// Marks the request as read-only, for example a POST request that only returns data. A
    /// read-only request changes nothing on the server (RFC 9110, section 9.2.1), and is also
    /// idempotent.
    #[must_use]
    pub const fn read_only(mut self) -> Self {
        self.is_read_only = true;
        self.idempotent()
    }

    /// Marks the request as not idempotent, for example a GET request that changes data.
    #[must_use]
    pub const fn not_idempotent(mut self) -> Self {
        self.idempotency = Idempotency::Fixed(false);
        self
    }

    /// Marks the request as idempotent if `when` returns `true` for its arguments.
    #[must_use]
    pub const fn idempotent_when(mut self, when: fn(&E) -> bool) -> Self {
        self.idempotency = Idempotency::When(when);
        self
    }

    /// Marks a write request whose parameters are all in the query, for tools that build requests
    /// from [`EndpointInfo`](crate::EndpointInfo). This is the default for GET and DELETE.
    #[must_use]
    pub const fn all_in_query(mut self) -> Self {
        self.in_query = InQuery::All;
        self
    }

    /// Sets the names of the parameters that are in the query, for tools that build requests from
    /// [`EndpointInfo`](crate::EndpointInfo). All others are in the body. By default, POST, PUT and
    /// PATCH requests have all parameters in the body.
    #[must_use]
    pub const fn in_query(mut self, names: &'static [&'static str]) -> Self {
        self.in_query = InQuery::These(names);
        self
    }

    /// Sets the value of the `accept` header. Defaults to `application/json`.
    #[must_use]
    pub const fn accept(mut self, accept: &'static str) -> Self {
        self.accept = accept;
        self
    }

    /// Passes responses with status 404 to [`Endpoint::parse`](crate::Endpoint::parse) as well, for
    /// endpoints where 404 means that the object does not exist.
    #[must_use]
    pub const fn or_not_found(mut self) -> Self {
        self.or_not_found = true;
        self
    }

    /// Passes responses with the statuses that `is_accepted` selects to
    /// [`Endpoint::parse`](crate::Endpoint::parse). Defaults to 2xx.
    #[must_use]
    pub const fn accept_statuses(mut self, is_accepted: fn(StatusCode) -> bool) -> Self {
        self.is_accepted = is_accepted;
        self
    }

    /// Checks that each placeholder has an argument. In a constant, a missing argument is a
    /// compiler error.
    pub(crate) const fn complete(&self) {
        assert!(
            self.path.is_some() || placeholders(self.template) == self.count,
            "a placeholder of the path has no argument"
        );
    }

    /// Returns the HTTP method of the request.
    pub const fn method(&self) -> &'static Method {
        self.method
    }

    /// Returns the path with its placeholders, such as `/refunds/{refundId}`.
    pub const fn template(&self) -> &'static str {
        self.template
    }

    /// Returns the credential that the request is signed with.
    pub const fn credential_name(&self) -> Credential {
        self.credential
    }

    /// Returns the server that the request is sent to.
    pub const fn server_name(&self) -> Server {
        self.server
    }

    /// Returns whether a response with status 404 is parsed, because it means that the object does
    /// not exist.
    pub const fn is_or_not_found(&self) -> bool {
        self.or_not_found
    }

    /// Returns whether the request is idempotent, or `None` if that depends on its arguments.
    pub const fn is_idempotent(&self) -> Option<bool> {
        match self.idempotency {
            Idempotency::Fixed(is_idempotent) => Some(is_idempotent),
            Idempotency::When(_) => None,
        }
    }

    pub(crate) fn is_idempotent_for(&self, endpoint: &E) -> bool {
        match self.idempotency {
            Idempotency::Fixed(is_idempotent) => is_idempotent,
            Idempotency::When(when) => when(endpoint),
        }
    }

    /// Returns whether the request changes nothing on the server, or `None` if that depends on its
    /// arguments. A request that is not idempotent is not read-only.
    pub const fn is_read_only(&self) -> Option<bool> {
        if self.is_read_only { self.is_idempotent() } else { Some(false) }
    }

    pub(crate) fn is_read_only_for(&self, endpoint: &E) -> bool {
        self.is_read_only && self.is_idempotent_for(endpoint)
    }

    pub(crate) const fn query_parameters(&self) -> InQuery {
        self.in_query
    }

    /// Returns the value of the `accept` header.
    pub const fn accept_header(&self) -> &'static str {
        self.accept
    }

    /// Returns whether a response with this status is passed to
    /// [`Endpoint::parse`](crate::Endpoint::parse).
    pub fn accepts(&self, status: StatusCode) -> bool {
        (self.is_accepted)(status) || (self.or_not_found && status == StatusCode::NOT_FOUND)
    }

    /// Rejects arguments that are not valid as a segment of a path.
    ///
    /// # Errors
    /// Returns an error that names the argument.
    pub fn validate(&self, endpoint: &E) -> Result<(), InputError> {
        for argument in self.arguments.iter().flatten() {
            if let Segment::Text(text) = (argument.read)(endpoint) {
                validate::segment(argument.name, text)?;
            }
        }
        Ok(())
    }

    /// Returns the percent-encoded path. If `is_shown` is true, the path is meant for display, and
    /// `***` replaces secret arguments.
    pub(crate) fn path_of<'a>(&self, endpoint: &'a E, is_shown: bool) -> Cow<'a, str> {
        if let Some(path) = self.path {
            return path(endpoint);
        }
        if self.count == 0 {
            return Cow::Borrowed(self.template);
        }
        let mut path = String::with_capacity(self.template.len() + 32);
        let mut rest = self.template;
        for argument in self.arguments.iter().flatten() {
            let segment = (argument.read)(endpoint);
            rest = fill(&mut path, rest, segment, is_shown && argument.is_secret);
        }
        path.push_str(rest);
        Cow::Owned(path)
    }
}

/// Appends a template up to and including its first placeholder, which `segment` replaces. Returns
/// the rest of the template. This function is compiled once, not again for each endpoint.
#[inline(never)]
fn fill<'t>(
    path: &mut String,
    template: &'t str,
    segment: Segment<'_>,
    is_hidden: bool,
) -> &'t str {
    let (before, after) = template.split_once('{').unwrap_or((template, ""));
    path.push_str(before);
    match segment {
        _ if is_hidden => path.push_str("***"),
        Segment::Text(text) => path.push_str(&path_segment(text)),
        Segment::Number(number) => {
            let _ = write!(path, "{number}");
        }
    }
    after.split_once('}').map_or("", |(_, rest)| rest)
}

fn is_success(status: StatusCode) -> bool {
    status.is_success()
}

/// Creates a [`Route`] from a method, a path template, and the fields whose values replace its
/// placeholders, in order.
///
/// ```text
/// route!(POST "/transactions/{transactionId}/refunds", transaction_id)
/// ```
#[macro_export]
macro_rules! route {
    ($method:ident $template:literal $(, $field:ident)* $(,)?) => {
        $crate::route!(@$method $template)$(
            .argument(stringify!($field), |endpoint| $crate::Segment::from(&endpoint.$field))
        )*
    };
    (@GET $template:literal) => { $crate::Route::<Self>::get($template) };
    (@POST $template:literal) => { $crate::Route::<Self>::post($template) };
    (@PUT $template:literal) => { $crate::Route::<Self>::put($template) };
    (@PATCH $template:literal) => { $crate::Route::<Self>::patch($template) };
    (@DELETE $template:literal) => { $crate::Route::<Self>::delete($template) };
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Pay {
        group: String,
        account_id: i64,
        token: Secret,
        refresh: bool,
    }

    impl Pay {
        const ROUTE: Route<Self> =
            Route::<Self>::put("/g/{group_uuid}/a/{accountId}/t/{token}/pay")
                .argument("group", |pay| Segment::from(&pay.group))
                .argument("account_id", |pay| Segment::from(&pay.account_id))
                .secret_argument("token", |pay| Segment::from(&pay.token))
                .idempotent_when(|pay| !pay.refresh);
    }

    fn pay(group: &str, token: &str) -> Pay {
        Pay { group: group.to_owned(), account_id: -7, token: token.into(), refresh: false }
    }

    #[test]
    fn arguments_are_encoded_and_secrets_are_not_shown() {
        const { Pay::ROUTE.complete() };
        let pay = pay("a/b ż", "CANARY?");
        let path = Pay::ROUTE.path_of(&pay, false);
        assert_eq!(path, "/g/a%2Fb%20%C5%BC/a/-7/t/CANARY%3F/pay");
        assert_eq!(Pay::ROUTE.path_of(&pay, true), "/g/a%2Fb%20%C5%BC/a/-7/t/***/pay");
    }

    #[test]
    fn errors_name_arguments_that_are_invalid_segments() {
        let argument = |pay: Pay| Pay::ROUTE.validate(&pay).unwrap_err().argument().to_owned();
        assert_eq!(argument(pay(" ", "t")), "group");
        assert_eq!(argument(pay("g", "..")), "token");
        assert!(Pay::ROUTE.validate(&pay("g", "t")).is_ok());
    }

    #[test]
    fn idempotency_may_depend_on_the_value() {
        assert_eq!(Pay::ROUTE.is_idempotent(), None);
        assert!(Pay::ROUTE.is_idempotent_for(&pay("g", "t")));
        assert!(!Pay::ROUTE.is_idempotent_for(&Pay { refresh: true, ..pay("g", "t") }));
        assert_eq!(Route::<Pay>::get("/").is_idempotent(), Some(true));
        assert_eq!(Route::<Pay>::get("/").not_idempotent().is_idempotent(), Some(false));
        assert_eq!(Route::<Pay>::post("/").is_idempotent(), Some(false));
        assert_eq!(Route::<Pay>::post("/").idempotent().is_idempotent(), Some(true));
    }

    #[test]
    fn reads_are_gets_and_what_is_marked() {
        assert_eq!(Route::<Pay>::get("/").is_read_only(), Some(true));
        assert_eq!(Route::<Pay>::get("/").not_idempotent().is_read_only(), Some(false));
        assert_eq!(Route::<Pay>::put("/").idempotent().is_read_only(), Some(false));
        let read = Route::<Pay>::post("/").read_only();
        assert_eq!((read.is_read_only(), read.is_idempotent()), (Some(true), Some(true)));
        // Some values make the server refresh what it returns.
        let read = Route::<Pay>::get("/").idempotent_when(|pay| !pay.refresh);
        assert_eq!(read.is_read_only(), None);
        assert!(read.is_read_only_for(&pay("g", "t")));
        assert!(!read.is_read_only_for(&Pay { refresh: true, ..pay("g", "t") }));
    }

    #[test]
    fn route_selects_the_accepted_statuses() {
        let statuses = |route: Route<Pay>| {
            [200, 204, 302, 404].map(|status| route.accepts(StatusCode::from_u16(status).unwrap()))
        };
        assert_eq!(statuses(Route::get("/")), [true, true, false, false]);
        assert_eq!(statuses(Route::get("/").or_not_found()), [true, true, false, true]);
        let redirects = Route::get("/").accept_statuses(|status| status.is_redirection());
        assert_eq!(statuses(redirects), [false, false, true, false]);
    }

    #[test]
    fn mismatched_templates_and_names_are_rejected() {
        for bad in ["", "a", "/a b", "/a?b", "/a#b", "/a%20", "/a{b}", "/{a}b", "/{a", "/a}", "/ż"]
        {
            let made = std::panic::catch_unwind(|| Route::<Pay>::get(bad));
            assert!(made.is_err(), "{bad}");
        }
        let bound = |template, name| {
            std::panic::catch_unwind(move || {
                Route::<Pay>::get(template).argument(name, |_| Segment::Number(1)).complete();
            })
            .is_ok()
        };
        assert!(bound("/{account_id}", "account_id"));
        assert!(bound("/{accountId}", "account_id"));
        assert!(bound("/{group_uuid}", "group"));
        assert!(!bound("/{account_id}", "group"));
        assert!(!bound("/{a}", "a_and_more"));
        assert!(!bound("/{a}/{b}", "a"), "a placeholder has no argument");
        assert!(!bound("/", "a"), "there is no placeholder");
    }

    #[test]
    fn path_with_a_secret_argument_is_not_set_with_a_function() {
        fn token(pay: &Pay) -> Segment<'_> {
            Segment::from(&pay.token)
        }
        let is_accepted = |route: fn(Route<Pay>) -> Route<Pay>| {
            std::panic::catch_unwind(move || route(Route::get("/t/{token}"))).is_ok()
        };
        assert!(is_accepted(|route| route.argument("token", token).path(|_| "/t".into())));
        assert!(!is_accepted(|route| route.secret_argument("token", token).path(|_| "/t".into())));
        assert!(!is_accepted(|route| route.path(|_| "/t".into()).secret_argument("token", token)));
    }
}
