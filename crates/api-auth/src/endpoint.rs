//! The traits of endpoints. A type that implements them describes a request and parses its
//! response.

use std::borrow::Cow;

use http::{Method, StatusCode};

use crate::body::Body;
use crate::encode::Params;
use crate::error::input::InputError;
use crate::error::response::ResponseError;
use crate::message::Response;
use crate::route::{Credential, Route, Server};

/// An endpoint of a provider. The fields of the implementing type are the arguments.
///
/// [`send`](crate::Client::send), signing, retries and pagination work with any type that
/// implements this trait. A [`RawEndpoint`](crate::RawEndpoint) represents an endpoint that a
/// client crate does not list.
///
/// See the example in [`Paged`].
pub trait Endpoint: Sized {
    /// The type that a successful response is parsed into.
    type Output;

    /// The name of the endpoint in tables, logs and errors, such as `access.grant`.
    const ID: &'static str;

    /// The fixed properties of the endpoint, such as its method, path template and credential.
    const ROUTE: Route<Self>;

    /// Adds the query parameters, in the order in which they are sent.
    fn query<'a>(&'a self, params: &mut Params<'a>) {
        let _ = params;
    }

    /// Returns the request body. The default implementation returns [`Body::None`].
    ///
    /// # Errors
    /// Returns an error if the arguments cannot be encoded.
    fn body(&self) -> Result<Body<'_>, InputError> {
        Ok(Body::None)
    }

    /// Validates the arguments before anything is sent. The arguments of the path are validated by
    /// the [`ROUTE`](Endpoint::ROUTE).
    ///
    /// # Errors
    /// Returns an error that names the first invalid argument.
    fn validate(&self) -> Result<(), InputError> {
        Ok(())
    }

    /// Returns the name of an argument whose value is a credential, such as a password, that begins
    /// or ends with whitespace. Errors of kind [`Auth`](crate::ErrorKind::Auth) contain this name;
    /// see [`Error::spaced_credential`](crate::Error::spaced_credential).
    fn spaced_credential(&self) -> Option<&'static str> {
        None
    }

    /// Parses a response whose status the [`ROUTE`](Endpoint::ROUTE) accepts. All other responses
    /// are errors and are not passed to this function. If the server reports a failure with a
    /// success status, this function must return an error.
    ///
    /// # Errors
    /// Returns the error that the response contains, or an error that names the field that cannot
    /// be parsed.
    fn parse(&self, response: &Response) -> Result<Self::Output, ResponseError>;

    /// Returns the id of the endpoint in errors and recordings, such as `access.grant`. Only
    /// [`RawEndpoint`](crate::RawEndpoint) overrides it.
    fn id(&self) -> &'static str {
        Self::ID
    }

    /// Returns the HTTP method. Only [`RawEndpoint`](crate::RawEndpoint) overrides it.
    fn method(&self) -> Method {
        const { &Self::ROUTE }.method().clone()
    }

    /// Returns the percent-encoded path, which is appended to the base URL of the server. Only
    /// [`RawEndpoint`](crate::RawEndpoint) overrides it.
    fn path(&self) -> Cow<'_, str> {
        const { &Self::ROUTE }.path_of(self, false)
    }

    /// Returns the path for recordings and printed commands. `***` replaces secret arguments.
    fn shown_path(&self) -> Cow<'_, str> {
        const { &Self::ROUTE }.path_of(self, true)
    }

    /// Returns the credential that the request is signed with. Only
    /// [`RawEndpoint`](crate::RawEndpoint) overrides it.
    fn credential(&self) -> Credential {
        const { &Self::ROUTE }.credential_name()
    }

    /// Returns the server that the request is sent to. Only [`RawEndpoint`](crate::RawEndpoint)
    /// overrides it.
    fn server(&self) -> Server {
        const { &Self::ROUTE }.server_name()
    }

    /// Returns the value of the `accept` header, such as `application/json`.
    fn accept(&self) -> &'static str {
        const { &Self::ROUTE }.accept_header()
    }

    /// Returns whether a response with this status is passed to [`parse`](Endpoint::parse).
    fn accepts(&self, status: StatusCode) -> bool {
        const { &Self::ROUTE }.accepts(status)
    }

    /// Returns whether the request is idempotent, that is, safe to send again after its response
    /// was lost. Only [`RawEndpoint`](crate::RawEndpoint) overrides it.
    fn idempotent(&self) -> bool {
        const { &Self::ROUTE }.is_idempotent_for(self)
    }

    /// Returns whether the request changes nothing on the server. Only
    /// [`RawEndpoint`](crate::RawEndpoint) overrides it.
    fn read_only(&self) -> bool {
        const { &Self::ROUTE }.is_read_only_for(self)
    }
}

/// An [`Endpoint`] without the type of its response, for use as a trait object, so that the request
/// loop is compiled once and not for each endpoint.
pub(crate) trait Call {
    fn id(&self) -> &'static str;
    fn method(&self) -> Method;
    fn path(&self) -> Cow<'_, str>;
    fn shown_path(&self) -> Cow<'_, str>;
    fn query<'a>(&'a self, params: &mut Params<'a>);
    fn body(&self) -> Result<Body<'_>, InputError>;
    fn validate(&self) -> Result<(), InputError>;
    fn spaced_credential(&self) -> Option<&'static str>;
    fn credential(&self) -> Credential;
    fn server(&self) -> Server;
    fn accept(&self) -> &'static str;
    /// Returns whether the request is idempotent, and whether it is read-only.
    fn safety(&self) -> (bool, bool);
    fn accepts(&self, status: StatusCode) -> bool;
}

impl<E: Endpoint> Call for E {
    fn id(&self) -> &'static str {
        const { E::ROUTE.complete() };
        Endpoint::id(self)
    }

    fn method(&self) -> Method {
        Endpoint::method(self)
    }

    fn path(&self) -> Cow<'_, str> {
        Endpoint::path(self)
    }

    fn shown_path(&self) -> Cow<'_, str> {
        Endpoint::shown_path(self)
    }

    fn query<'a>(&'a self, params: &mut Params<'a>) {
        Endpoint::query(self, params);
    }

    fn body(&self) -> Result<Body<'_>, InputError> {
        Endpoint::body(self)
    }

    fn validate(&self) -> Result<(), InputError> {
        const { &E::ROUTE }.validate(self)?;
        Endpoint::validate(self)
    }

    fn spaced_credential(&self) -> Option<&'static str> {
        Endpoint::spaced_credential(self)
    }

    fn credential(&self) -> Credential {
        Endpoint::credential(self)
    }

    fn server(&self) -> Server {
        Endpoint::server(self)
    }

    fn accept(&self) -> &'static str {
        Endpoint::accept(self)
    }

    fn safety(&self) -> (bool, bool) {
        (self.idempotent(), self.read_only())
    }

    fn accepts(&self, status: StatusCode) -> bool {
        Endpoint::accepts(self, status)
    }
}

/// An endpoint whose response is one page of a list.
///
/// ```
/// use std::sync::Arc;
/// use api_auth::{
///     Client, Credential, Encoding, Endpoint, Items, NoAuth, Paged, Params, Provider, Request,
///     Response, ResponseError, Route, Server, Settings, TransportError, json, route, status_error,
/// };
///
/// struct ListCities {
///     page: u32,
/// }
///
/// impl Endpoint for ListCities {
///     type Output = Vec<String>;
///
///     const ID: &'static str = "cities.list";
///
///     const ROUTE: Route<Self> = route!(GET "/cities");
///
///     fn query<'a>(&'a self, params: &mut Params<'a>) {
///         params.push_number("page", self.page);
///     }
///
///     fn parse(&self, response: &Response) -> Result<Vec<String>, ResponseError> {
///         json(response)
///     }
/// }
///
/// impl Paged for ListCities {
///     type Item = String;
///
///     fn next(&self, page: &Vec<String>) -> Option<Self> {
///         (!page.is_empty()).then(|| Self { page: self.page + 1 })
///     }
///
///     fn items(page: Vec<String>) -> Vec<String> {
///         page
///     }
///
///     fn item_id(city: &String) -> Option<&str> {
///         Some(city)
///     }
/// }
///
/// # static PROVIDER: Provider = Provider {
/// #     name: "weather",
/// #     user_agent: "weather-client/0.1.0",
/// #     encoding: Encoding::Form,
/// #     retry_statuses: &[429, 503],
/// #     secret_parameters: &[],
/// #     read_error: status_error,
/// # };
/// # let mut settings = Settings::default();
/// # settings.transport(Arc::new(|request: Request| -> Result<Response, TransportError> {
/// #     let body = match request.uri().query() {
/// #         Some("page=1") => br#"["Oslo","Bergen"]"#.to_vec(),
/// #         _ => b"[]".to_vec(),
/// #     };
/// #     Ok(Response::new(body))
/// # }));
/// # let server = (Server::MAIN, "base_url", "https://api.example.com");
/// # let client = settings.build(&PROVIDER, &[server], vec![(Credential::MAIN, Arc::new(NoAuth))])?;
/// let cities = Items::new(client, ListCities { page: 1 }).collect::<Result<Vec<_>, _>>()?;
/// assert_eq!(cities, ["Oslo", "Bergen"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Paged: Endpoint + Sized {
    /// The type of the entries of a page.
    type Item;

    /// Returns the request for the page after `page`, or `None` if `page` is the last one.
    ///
    /// If the server reports the total, [`Extent::promises_more`] determines whether there is a
    /// next page. A page without entries is always the last one.
    fn next(&self, page: &Self::Output) -> Option<Self>;

    /// Returns the entries of a page.
    fn items(page: Self::Output) -> Vec<Self::Item>;

    /// Returns the id of an entry. An entry whose id has already occurred is skipped, because
    /// entries that are added while the list is read move others to later pages. Entries without an
    /// id are never skipped.
    fn item_id(item: &Self::Item) -> Option<&str>;

    /// Returns the position of `page` in the list and the size of the list, if they are known.
    /// [`Items`](crate::Items) uses them to detect missing entries. By default, both are unknown.
    fn extent(&self, page: &Self::Output) -> Extent {
        let _ = page;
        Extent::default()
    }
}

/// A list whose pages are numbered, so that they can be requested concurrently; see
/// [`Items::concurrent`](crate::Items::concurrent).
///
/// [`next`](Paged::next) must return the request for the page with the next number.
///
/// See the example in [`Paged`].
pub trait NumberedPages: Paged {
    /// Returns the number of the requested page.
    fn page_number(&self) -> u32;

    /// Returns the request for page `number`, with all other arguments unchanged.
    #[must_use]
    fn with_page_number(&self, number: u32) -> Self;
}

/// The position of a page in its list, and the size of the list.
///
/// ```
/// use api_auth::Extent;
///
/// // The third page of 100 entries, in a list of 250.
/// let extent = Extent::of_page(2, 100).with_total(250);
/// assert_eq!(extent.before(), 200);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Extent {
    before: u64,
    page_size: u64,
    total: Option<u64>,
}

impl Extent {
    /// Creates the extent of the page with this index, counted from 0, in a list whose pages have
    /// `page_size` entries. If `page_size` is 0, the page size is unknown, and each page with
    /// entries may be followed by another one.
    pub fn of_page(index: u32, page_size: u32) -> Self {
        let page_size = u64::from(page_size);
        Self { before: u64::from(index).saturating_mul(page_size), page_size, total: None }
    }

    /// Sets the number of entries in the whole list. `None` means that the number is not known.
    #[must_use]
    pub fn with_total(mut self, total: impl Into<Option<u64>>) -> Self {
        self.total = total.into();
        self
    }

    /// Returns whether there is a page after this one, given that this page has `count` entries.
    ///
    /// A page without entries is the last one. Otherwise, there is a next page if the total is
    /// larger than the number of entries up to the end of this page, or if this page is full. A
    /// full page that ends exactly at the total is the last one, unless it is the first page,
    /// because some servers report the size of the first page as the total.
    ///
    /// ```
    /// use api_auth::Extent;
    ///
    /// assert!(Extent::of_page(0, 100).with_total(250).promises_more(100));
    /// assert!(!Extent::of_page(2, 100).with_total(250).promises_more(50));
    /// assert!(Extent::of_page(0, 100).with_total(0).promises_more(100), "the page is full");
    /// ```
    pub fn promises_more(&self, count: usize) -> bool {
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        let end = self.before.saturating_add(self.page_size);
        match self.total {
            _ if count == 0 => false,
            Some(total) if total > end => true,
            Some(total) if total == end && self.before > 0 => false,
            _ => count >= self.page_size,
        }
    }

    /// Returns the number of pages after this one, computed from the total. Returns `None` if the
    /// total or the page size is not known, or if the list ends with this page.
    pub(crate) fn pages_after(&self) -> Option<u64> {
        let end = self.before.saturating_add(self.page_size);
        let after = self.total?.checked_sub(end).filter(|after| *after > 0)?;
        (self.page_size > 0).then(|| after.div_ceil(self.page_size))
    }

    /// Returns the number of entries on the pages before this one.
    pub fn before(&self) -> u64 {
        self.before
    }

    /// Returns the number of entries in the whole list. Returns `None` if it is not known.
    pub fn total(&self) -> Option<u64> {
        self.total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_size_of_0_is_unknown() {
        let extent = Extent::of_page(3, 0).with_total(250);
        assert_eq!((extent.before(), extent.pages_after()), (0, None));
        assert!(extent.promises_more(1));
        assert!(!extent.promises_more(0));
    }
}
