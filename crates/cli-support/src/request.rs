//! Requests to any endpoint. A response is returned both as a typed value and as text.
//!
//! Commands name an endpoint by its type. [`AnyEndpoint`] erases the type, so that the code that
//! sends a request and shows its response is compiled once, not for each endpoint.

use std::any::Any;
use std::borrow::Cow;
use std::ops::Deref;

use api_auth::{
    Amount, Body, Credential, Endpoint, Extent, InputError, Method, NumberedPages, Paged, Params,
    Response, ResponseError, Route, Server, StatusCode,
};

use crate::context::Provider;
use crate::exit::{Exit, Failure};
use crate::json::Json;

/// The type-erased value of a parsed response.
pub type AnyValue = Box<dyn Any + Send>;

/// A response, both as a typed value and as text.
#[derive(Debug)]
pub struct Reply<T = AnyValue> {
    /// The value that the endpoint parsed from the response.
    pub value: T,
    /// The text of the response, without a byte order mark.
    pub body: String,
    /// The HTTP status of the response.
    pub status: StatusCode,
}

/// A typed request, the lists in its response, and an optional body to send instead of its own.
#[derive(Debug, Clone)]
pub struct WithJson<E> {
    /// The typed request.
    pub request: E,
    /// The paths of the lists that contain the entries of a page.
    pub lists: &'static [&'static str],
    /// The JSON body to send instead of the body of the request. `None` if that body is sent.
    pub body: Option<String>,
}

impl Reply {
    /// Converts the reply to one whose value has the type `T`.
    ///
    /// # Errors
    /// Returns an error if the value has a different type.
    pub fn typed<T: 'static>(self) -> Result<Reply<T>, Failure> {
        let Self { value, body, status } = self;
        match value.downcast() {
            Ok(value) => Ok(Reply { value: *value, body, status }),
            Err(_) => {
                Err(Failure::new(Exit::Local, "internal error: the response has another type"))
            }
        }
    }
}

impl<T> Reply<T> {
    /// Parses the body of the response as JSON. Returns `None` if the body is empty.
    ///
    /// # Errors
    /// Returns a failure with [`Exit::NotUnderstood`] if the body is not JSON.
    pub fn json(&self) -> Result<Option<Json>, Failure> {
        if self.body.trim().is_empty() {
            return Ok(None);
        }
        let failed = |error| Failure::new(Exit::NotUnderstood, format!("response: {error}"));
        Json::parse(&self.body).map(Some).map_err(failed)
    }
}

impl<E> WithJson<E> {
    /// Creates a request that sends `request` unchanged.
    pub fn new(request: E) -> Self {
        Self { request, lists: &[], body: None }
    }

    /// Creates a request with this JSON body instead of the body of `request`. If that body is a
    /// form, the members of the JSON object become the parameters of the form.
    pub fn with_body(request: E, body: &Json) -> Self {
        Self { request, lists: &[], body: Some(body.to_string()) }
    }

    /// Creates a request for a page. `lists` contains the paths of the lists in the response whose
    /// entries are the entries of the page.
    pub fn page(request: E, lists: &'static [&'static str]) -> Self {
        Self { request, lists, body: None }
    }
}

impl<E: Endpoint<Output: Send + 'static> + Send + 'static> WithJson<E> {
    /// Returns the type-erased request.
    pub fn any(&self) -> AnyCall<&Erased> {
        AnyCall { request: &self.request, body: self.body.clone() }
    }
}

/// Returns the text of a response, without a byte order mark.
fn text_of(response: &Response) -> String {
    let body = String::from_utf8_lossy(response.body());
    body.strip_prefix('\u{feff}').unwrap_or(&body).to_owned()
}

/// Returns the entries of a page, and the number of entries on all pages if the server reports that
/// number. `lists` contains the paths of the lists with the entries.
fn entries(lists: &[&str], body: &str) -> (Vec<Json>, Option<usize>) {
    if lists.is_empty() {
        return (Vec::new(), None);
    }
    let Ok(json) = Json::parse(body) else {
        return (Vec::new(), None);
    };
    let total = json.get("total").and_then(|total| total.cell().parse().ok());
    let lists = lists.iter().filter_map(|path| match json.get(path) {
        Some(Json::List(entries)) => Some(entries.clone()),
        _ => None,
    });
    (lists.flatten().collect(), total)
}

/// Checks that the amounts in a body are positive numbers with as many decimal places as
/// [`Provider::AMOUNTS`] allows, and that the lists and objects that contain them have no other
/// type.
///
/// # Errors
/// Returns an error that names the path of the amount, list or object.
pub(crate) fn check_amounts<P: Provider>(body: &Json) -> Result<(), InputError> {
    let mut amounts = P::AMOUNTS.iter();
    amounts.try_for_each(|(names, decimals)| {
        check_amounts_at(body, "", names, *decimals, P::ALLOWS_TEXT_AMOUNTS)
    })
}

/// Checks the amounts in a value whose path in the body is `path`. `names` is the path from there
/// to the amounts, in which `*` stands for each entry of a list. A list or an object can be `null`.
fn check_amounts_at(
    value: &Json,
    path: &str,
    names: &str,
    decimals: u8,
    allows_text: bool,
) -> Result<(), InputError> {
    if names.is_empty() {
        return check_amount(value, path, decimals, allows_text);
    }
    let (name, names) = names.split_once('.').unwrap_or((names, ""));
    let check = |name: &str, value: &Json| {
        let path = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        check_amounts_at(value, &path, names, decimals, allows_text)
    };
    let expected = match (name, value) {
        (_, value) if value.is_null() => return Ok(()),
        ("*", Json::List(entries)) => {
            let mut entries = entries.iter().enumerate();
            return entries.try_for_each(|(index, entry)| check(&index.to_string(), entry));
        }
        ("*", _) => "a list",
        (_, Json::Object(members)) => {
            let mut found = members.iter().filter(|(member, _)| member == name);
            return found.try_for_each(|(name, value)| check(name, value));
        }
        _ => "an object",
    };
    let path = if path.is_empty() { "body" } else { path };
    Err(InputError::new(path.to_owned(), format!("must be {expected}")))
}

/// Checks an amount, which must not be `null`, because that could mean the whole amount. If
/// `allows_text` is set, it can be a string of digits.
fn check_amount(
    value: &Json,
    path: &str,
    decimals: u8,
    allows_text: bool,
) -> Result<(), InputError> {
    let is_plain = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let amount = match value {
        Json::Other(text) if is_plain(text) => text.parse::<Amount>().ok(),
        Json::Text(text) if allows_text && is_plain(text) => text.parse().ok(),
        _ => None,
    };
    let units = amount.and_then(|amount| amount.minor_units(decimals));
    if units.is_some_and(|units| units > 0) {
        return Ok(());
    }
    let has_exponent = matches!(value, Json::Other(text) if text.contains(['e', 'E']));
    let exponent = if has_exponent { ", without an exponent" } else { "" };
    let problem = match decimals {
        _ if value.is_null() => "must not be null".to_owned(),
        _ if !allows_text && matches!(value, Json::Text(text) if is_plain(text)) => {
            "must be a number, not a string".to_owned()
        }
        0 => format!("must be a whole number of at least 1{exponent}"),
        _ => format!(
            "must be a number more than 0, with at most {decimals} decimal places{exponent}"
        ),
    };
    Err(InputError::new(path.to_owned(), problem))
}

/// Converts the members of a JSON object to the parameters of a form.
fn form(text: &str) -> Result<Params<'static>, InputError> {
    let Ok(Json::Object(members)) = Json::parse(text) else {
        return Err(InputError::new(
            "body",
            "must be a JSON object, whose members become the form",
        ));
    };
    let mut params = Params::new();
    for (name, value) in members {
        params.push(name, value.cell());
    }
    Ok(params)
}

/// The properties of a request that do not depend on its response, such as its id and method. Most
/// of them are those of its endpoint.
#[derive(Debug)]
pub struct Properties {
    id: &'static str,
    method: Method,
    spaced_credential: Option<&'static str>,
    credential: Credential,
    server: Server,
    accept: &'static str,
    idempotent: bool,
    /// Whether the route is idempotent whatever the arguments are.
    always_idempotent: bool,
    read_only: bool,
}

/// A type-erased endpoint. Every endpoint implements this trait. The methods are those of
/// [`Endpoint`], except that one method returns all properties.
///
/// The trait has few methods, because each of them adds code, a vtable entry and a relocation per
/// endpoint to the program.
#[expect(missing_docs, reason = "the methods are those of `Endpoint`")]
pub trait AnyEndpoint: Send {
    /// Returns the properties of the request, such as its id and method.
    fn properties(&self) -> Properties;
    /// Returns the path of the request. If `is_shown` is true, the path is meant for display, and
    /// secret arguments are replaced with `***`.
    fn path(&self, is_shown: bool) -> Cow<'_, str>;
    fn query<'a>(&'a self, params: &mut Params<'a>);
    /// Returns the body of the request.
    ///
    /// # Errors
    /// Returns the error of the endpoint.
    fn body(&self) -> Result<Body<'_>, InputError>;
    /// Validates the arguments of the path and, if `is_whole` is set, all other arguments as well.
    ///
    /// # Errors
    /// Returns the error of the route or of the endpoint.
    fn validate(&self, is_whole: bool) -> Result<(), InputError>;
    fn accepts(&self, status: StatusCode) -> bool;
    /// Parses a response to the request.
    ///
    /// # Errors
    /// Returns the error of the endpoint.
    fn parse(&self, response: &Response) -> Result<AnyValue, ResponseError>;
}

impl<E: Endpoint<Output: Send + 'static> + Send> AnyEndpoint for E {
    fn properties(&self) -> Properties {
        Properties {
            id: self.id(),
            method: self.method(),
            spaced_credential: self.spaced_credential(),
            credential: self.credential(),
            server: self.server(),
            accept: self.accept(),
            idempotent: self.idempotent(),
            always_idempotent: const { &E::ROUTE }.is_idempotent() == Some(true),
            read_only: self.read_only(),
        }
    }

    fn path(&self, is_shown: bool) -> Cow<'_, str> {
        if is_shown { self.shown_path() } else { Endpoint::path(self) }
    }

    fn query<'a>(&'a self, params: &mut Params<'a>) {
        Endpoint::query(self, params);
    }

    fn body(&self) -> Result<Body<'_>, InputError> {
        Endpoint::body(self)
    }

    fn validate(&self, is_whole: bool) -> Result<(), InputError> {
        const { &E::ROUTE }.validate(self)?;
        if is_whole { Endpoint::validate(self) } else { Ok(()) }
    }

    fn accepts(&self, status: StatusCode) -> bool {
        Endpoint::accepts(self, status)
    }

    fn parse(&self, response: &Response) -> Result<AnyValue, ResponseError> {
        Ok(Box::new(Endpoint::parse(self, response)?))
    }
}

/// A trait object for a type-erased endpoint.
pub type Erased = dyn AnyEndpoint;

/// A request to a type-erased endpoint. Its response is a [`Reply`], which contains the parsed
/// value and the text.
#[derive(Debug, Clone)]
pub struct AnyCall<R> {
    pub(crate) request: R,
    /// The JSON body to send instead of the body of `request`.
    pub(crate) body: Option<String>,
}

impl<'a> AnyCall<&'a Erased> {
    pub(crate) fn new(request: &'a Erased) -> Self {
        Self { request, body: None }
    }

    /// Checks the amounts in the body of the user.
    ///
    /// # Errors
    /// Returns the error of [`check_amounts`].
    pub(crate) fn check_amounts<P: Provider>(&self) -> Result<(), InputError> {
        match self.body.as_deref().map(Json::parse) {
            Some(Ok(body)) => check_amounts::<P>(&body),
            _ => Ok(()),
        }
    }
}

/// Implements those functions of `Endpoint` that return the result of a function or a property of
/// the field `request`.
macro_rules! functions_of_request {
    () => {
        fn query<'a>(&'a self, params: &mut Params<'a>) {
            self.request.query(params);
        }

        fn spaced_credential(&self) -> Option<&'static str> {
            self.request.properties().spaced_credential
        }

        fn id(&self) -> &'static str {
            self.request.properties().id
        }

        fn method(&self) -> Method {
            self.request.properties().method
        }

        fn path(&self) -> Cow<'_, str> {
            self.request.path(false)
        }

        fn shown_path(&self) -> Cow<'_, str> {
            self.request.path(true)
        }

        fn credential(&self) -> Credential {
            self.request.properties().credential
        }

        fn server(&self) -> Server {
            self.request.properties().server
        }

        fn accept(&self) -> &'static str {
            self.request.properties().accept
        }

        fn accepts(&self, status: StatusCode) -> bool {
            self.request.accepts(status)
        }

        fn read_only(&self) -> bool {
            self.request.properties().read_only
        }
    };
}

impl<R: Deref<Target = Erased>> Endpoint for AnyCall<R> {
    type Output = Reply;
    const ID: &'static str = "any";
    /// A placeholder that the trait requires. The functions of this implementation return the
    /// properties of the field `request` instead.
    const ROUTE: Route<Self> = Route::<Self>::get("/");

    functions_of_request!();

    fn idempotent(&self) -> bool {
        // The arguments of the request are not those of a replaced body.
        let Properties { idempotent, always_idempotent, .. } = self.request.properties();
        idempotent && (self.body.is_none() || always_idempotent)
    }

    fn body(&self) -> Result<Body<'_>, InputError> {
        match &self.body {
            Some(text) => Ok(match self.request.body()? {
                Body::Form(_) => Body::Form(form(text)?),
                _ => Body::Json(text.clone().into_bytes()),
            }),
            None => self.request.body(),
        }
    }

    fn validate(&self) -> Result<(), InputError> {
        // If the user supplies the body, the server validates it.
        self.request.validate(self.body.is_none())
    }

    fn parse(&self, response: &Response) -> Result<Reply, ResponseError> {
        let value = self.request.parse(response)?;
        Ok(Reply { value, body: text_of(response), status: response.status() })
    }
}

/// A type-erased list with numbered pages. Every list with numbered pages implements this trait.
pub trait AnyList: AnyEndpoint {
    /// Parses a page. Returns the ids of its entries, the number of the next page, and the position
    /// of the page in the list.
    ///
    /// # Errors
    /// Returns the error of the endpoint.
    fn parse_page(&self, response: &Response) -> Result<Ids, ResponseError>;

    /// Returns the number of the requested page.
    fn page_number(&self) -> u32;

    /// Returns the same request for page `number`.
    fn with_page_number(&self, number: u32) -> Box<dyn AnyList>;
}

/// The ids of the entries of a page, the number of the next page if there is one, and the position
/// of the page in the list.
type Ids = (Vec<Option<String>>, Option<u32>, Extent);

impl<E: NumberedPages<Output: Send + 'static> + Send + 'static> AnyList for E {
    fn parse_page(&self, response: &Response) -> Result<Ids, ResponseError> {
        let page = Endpoint::parse(self, response)?;
        let (extent, next) = (self.extent(&page), self.next(&page));
        let next = next.map(|next| NumberedPages::page_number(&next));
        let ids = E::items(page).iter().map(|item| E::item_id(item).map(str::to_owned)).collect();
        Ok((ids, next, extent))
    }

    fn page_number(&self) -> u32 {
        NumberedPages::page_number(self)
    }

    fn with_page_number(&self, number: u32) -> Box<dyn AnyList> {
        Box::new(NumberedPages::with_page_number(self, number))
    }
}

/// A request for a page of a type-erased list.
pub(crate) struct AnyPage {
    request: Box<dyn AnyList>,
    lists: &'static [&'static str],
}

/// A page of a list, with its entries.
pub(crate) struct Page {
    entries: Vec<Entry>,
    /// The number of the next page, or `None` for the last page.
    next: Option<u32>,
    extent: Extent,
}

/// An entry of a list, with its id and JSON.
#[derive(Debug)]
pub(crate) struct Entry {
    id: Option<String>,
    /// The JSON of the entry as received from the server.
    pub(crate) json: Json,
    /// The number of entries on all pages, if the server reports it.
    pub(crate) total: Option<usize>,
}

impl AnyPage {
    pub(crate) fn new(request: Box<dyn AnyList>, lists: &'static [&'static str]) -> Self {
        Self { request, lists }
    }
}

impl Endpoint for AnyPage {
    type Output = Page;
    const ID: &'static str = "any";
    /// A placeholder that the trait requires. The functions of this implementation return the
    /// properties of the field `request` instead.
    const ROUTE: Route<Self> = Route::<Self>::get("/");

    functions_of_request!();

    fn idempotent(&self) -> bool {
        self.request.properties().idempotent
    }

    fn body(&self) -> Result<Body<'_>, InputError> {
        self.request.body()
    }

    fn validate(&self) -> Result<(), InputError> {
        self.request.validate(true)
    }

    fn parse(&self, response: &Response) -> Result<Page, ResponseError> {
        let (ids, next, extent) = self.request.parse_page(response)?;
        let (entries, total) = entries(self.lists, &text_of(response));
        let mut entries = entries.into_iter();
        let entry = |id| {
            let json = entries.next().unwrap_or(Json::Object(Vec::new()));
            Entry { id, json, total }
        };
        Ok(Page { entries: ids.into_iter().map(entry).collect(), next, extent })
    }
}

impl Paged for AnyPage {
    type Item = Entry;

    fn next(&self, page: &Page) -> Option<Self> {
        page.next.map(|number| NumberedPages::with_page_number(self, number))
    }

    fn items(page: Page) -> Vec<Entry> {
        page.entries
    }

    fn item_id(entry: &Entry) -> Option<&str> {
        entry.id.as_deref()
    }

    fn extent(&self, page: &Page) -> Extent {
        page.extent
    }
}

impl NumberedPages for AnyPage {
    fn page_number(&self) -> u32 {
        self.request.page_number()
    }

    fn with_page_number(&self, number: u32) -> Self {
        Self { request: self.request.with_page_number(number), lists: self.lists }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A request whose body is a form, or an error.
    struct Form(bool);

    impl Endpoint for Form {
        type Output = ();
        const ID: &'static str = "form";
        const ROUTE: Route<Self> = Route::<Self>::post("/");

        fn body(&self) -> Result<Body<'_>, InputError> {
            let error = || InputError::new("names", "must not be empty");
            self.0.then(|| Body::Form(Params::new())).ok_or_else(error)
        }

        fn parse(&self, _: &Response) -> Result<(), ResponseError> {
            Ok(())
        }
    }

    #[test]
    fn form_is_made_from_an_object_only() {
        let call = |body: &str| {
            let call = WithJson { body: Some(body.to_owned()), ..WithJson::new(Form(true)) };
            let call = call.any();
            call.body().map(|body| match body {
                Body::Form(params) => {
                    params.iter().map(|(name, value)| format!("{name}={value}")).collect()
                }
                other => vec![format!("no form: {other:?}")],
            })
        };
        assert_eq!(call(r#"{"a":1,"b":"x"}"#).unwrap(), ["a=1", "b=x"]);
        for text in ["[]", "\"x\"", "null", ""] {
            assert_eq!(call(text).unwrap_err().argument(), "body", "{text}");
        }
    }

    #[test]
    fn error_of_the_typed_body_is_returned() {
        let call = WithJson { body: Some("{}".to_owned()), ..WithJson::new(Form(false)) };
        assert_eq!(call.any().body().unwrap_err().argument(), "names");
    }
}
