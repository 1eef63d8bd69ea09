//! Requests whose response is returned both as a typed value and as JSON.

use std::borrow::Cow;

use api_auth::{
    Body, Credential, Endpoint, Extent, InputError, Method, NumberedPages, Paged, Params, Response,
    ResponseError, Route, Server, StatusCode,
};

use crate::exit::{Exit, Failure};
use crate::json::Json;

/// A response, both as a typed value and as text.
#[derive(Debug)]
pub struct Reply<T> {
    /// The typed value.
    pub value: T,
    /// The text of the response, without a byte order mark.
    pub body: String,
    /// The status of the response.
    pub status: StatusCode,
    entries: Vec<Json>,
    total: Option<usize>,
}

/// Any request. Its response is returned as a [`Reply`].
#[derive(Debug, Clone)]
pub struct WithJson<E> {
    /// The typed request.
    pub request: E,
    /// The paths of the lists that contain the entries of a page.
    pub lists: &'static [&'static str],
    /// The body to send instead of the body of the request.
    pub body: Option<String>,
}

impl<T> Reply<T> {
    /// Returns the JSON of the response, or `None` if it has no body.
    ///
    /// # Errors
    /// Returns [`Exit::NotUnderstood`] if the body is not JSON.
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

    /// Creates the request for a page whose entries are in these lists.
    pub fn page(request: E, lists: &'static [&'static str]) -> Self {
        Self { request, lists, body: None }
    }
}

/// Returns the text of a response, without a byte order mark.
fn text_of(response: &Response) -> String {
    let body = String::from_utf8_lossy(response.body());
    body.strip_prefix('\u{feff}').unwrap_or(&body).to_owned()
}

/// Returns the entries of a page and, if the server reports it, the number of entries on all pages.
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

/// Converts the members of a JSON object to the parameters of a form.
fn form(text: &str) -> Params<'static> {
    let mut params = Params::new();
    if let Ok(Json::Object(members)) = Json::parse(text) {
        for (name, value) in members {
            params.push(name, value.cell());
        }
    }
    params
}

fn path<E: Endpoint>(request: &WithJson<E>) -> Cow<'_, str> {
    request.request.path()
}

fn accepts<E: Endpoint>(status: StatusCode) -> bool {
    const { &E::ROUTE }.accepts(status)
}

impl<E: Endpoint> Endpoint for WithJson<E> {
    type Output = Reply<E::Output>;
    const ID: &'static str = E::ID;
    /// The methods below return the properties of the inner request instead.
    const ROUTE: Route<Self> = Route::<Self>::get("/")
        .path(path::<E>)
        .accept(E::ROUTE.accept_header())
        .accept_statuses(accepts::<E>);

    fn query<'a>(&'a self, params: &mut Params<'a>) {
        self.request.query(params);
    }

    fn body(&self) -> Result<Body<'_>, InputError> {
        match &self.body {
            Some(text) => Ok(match self.request.body() {
                Ok(Body::Form(_)) => Body::Form(form(text)),
                _ => Body::Json(text.clone().into_bytes()),
            }),
            None => self.request.body(),
        }
    }

    fn validate(&self) -> Result<(), InputError> {
        const { &E::ROUTE }.validate(&self.request)?;
        // If the user supplies the body, the server validates it.
        if self.body.is_some() { Ok(()) } else { self.request.validate() }
    }

    fn spaced_credential(&self) -> Option<&'static str> {
        self.request.spaced_credential()
    }

    fn parse(&self, response: &Response) -> Result<Self::Output, ResponseError> {
        let value = self.request.parse(response)?;
        let body = text_of(response);
        let (entries, total) = entries(self.lists, &body);
        Ok(Reply { value, body, status: response.status(), entries, total })
    }

    fn id(&self) -> &'static str {
        self.request.id()
    }

    fn method(&self) -> Method {
        self.request.method()
    }

    fn path(&self) -> Cow<'_, str> {
        self.request.path()
    }

    fn shown_path(&self) -> Cow<'_, str> {
        self.request.shown_path()
    }

    fn credential(&self) -> Credential {
        self.request.credential()
    }

    fn server(&self) -> Server {
        self.request.server()
    }

    fn idempotent(&self) -> bool {
        self.request.idempotent()
    }

    fn read_only(&self) -> bool {
        self.request.read_only()
    }
}

/// An entry of a list: its typed value and its JSON.
#[derive(Debug)]
pub struct Entry<T> {
    /// The typed value.
    pub value: T,
    /// The JSON from the server.
    pub json: Json,
    /// The number of entries on all pages, if the server reports it.
    pub total: Option<usize>,
}

impl<E: Paged> Paged for WithJson<E> {
    type Item = Entry<E::Item>;

    fn next(&self, page: &Self::Output) -> Option<Self> {
        let request = self.request.next(&page.value)?;
        Some(Self { request, lists: self.lists, body: None })
    }

    fn items(page: Self::Output) -> Vec<Self::Item> {
        let (total, mut entries) = (page.total, page.entries.into_iter());
        let entry = |value| {
            let json = entries.next().unwrap_or(Json::Object(Vec::new()));
            Entry { value, json, total }
        };
        E::items(page.value).into_iter().map(entry).collect()
    }

    fn item_id(item: &Self::Item) -> Option<&str> {
        E::item_id(&item.value)
    }

    fn extent(&self, page: &Self::Output) -> Extent {
        self.request.extent(&page.value)
    }
}

impl<E: NumberedPages> NumberedPages for WithJson<E> {
    fn page_number(&self) -> u32 {
        self.request.page_number()
    }

    fn with_page_number(&self, number: u32) -> Self {
        let request = self.request.with_page_number(number);
        Self { request, lists: self.lists, body: None }
    }
}
