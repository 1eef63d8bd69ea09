//! Downloads: their details, and expiring links to their files.
//!
//! [`Client::get_download`] returns the details, and [`Client::get_download_url`] returns a link.
//!
//! ```no_run
//! use std::time::Duration;
//! use tinypass_client::{Client, GetDownloadUrl};
//!
//! let tinypass = Client::from_env()?;
//! let request = GetDownloadUrl::for_lifetime("ebook-1", Duration::from_secs(60));
//! println!("{}", tinypass.get_download_url(&request)?.url);
//! # Ok::<(), tinypass_client::Error>(())
//! ```

use std::time::Duration;

use api_auth::{
    Endpoint, Error, ExtraFields, InputError, Params, Response, ResponseError, Result, Route,
    StatusCode, UnixTime, json, required,
};
use serde::{Deserialize, Serialize};

use crate::error::{self, Model, Record};
use crate::{Client, validate};

/// The spelling of the download paths. The documentation and the official PHP client spell them
/// differently, and it is not known which spelling the server accepts.
///
/// See the example in the module [`download`](crate::download).
///
/// Source: the provider's documentation, `developer.tinypass.com/main/restapi`, download and
/// download/url, and the official PHP client 2.0.8.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum DownloadPath {
    /// `/r2/downloads/url` and `/r2/download/`, as in the documentation.
    #[default]
    Documented,
    /// `/r2/download/url` and `/r2/download`, as in the official PHP client.
    Sdk,
}

/// The details of a download. Any field can be absent from a response.
///
/// See the example in the module [`download`](crate::download).
///
/// Source: the provider's documentation, `developer.tinypass.com/main/restapi`, `Download`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Download {
    /// The public id of the download, such as `DLebook0001x`.
    pub id: Option<String>,
    /// The id of the resource, such as `ebook-1`.
    pub rid: Option<String>,
    /// The title of the download, such as `An e-book`.
    pub title: Option<String>,
    /// The description of the download.
    pub description: Option<String>,
    /// The URL of an image, such as the cover.
    pub image: Option<String>,
    /// The price as a string that contains the amount and the currency, such as `$4.99 USD`.
    pub price: Option<String>,
    /// The time of the last change, in Unix seconds.
    pub modified_date: Option<UnixTime>,
    /// The time of creation, in Unix seconds.
    pub created_date: Option<UnixTime>,
    /// The time of publication, in Unix seconds.
    pub published_date: Option<UnixTime>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

impl Model for Download {
    fn extra(&self) -> &ExtraFields {
        &self.extra
    }
}

impl Record for Download {
    const REQUIRED: &'static str = "id";

    fn has_fields(&self) -> bool {
        let Self {
            id,
            rid,
            title,
            description,
            image,
            price,
            modified_date,
            created_date,
            published_date,
            extra: _,
        } = self;
        [id, rid, title, description, image, price].into_iter().any(Option::is_some)
            || [modified_date, created_date, published_date].into_iter().any(Option::is_some)
    }
}

/// `GET /r2/download/`: returns the details of a download.
///
/// ```
/// use tinypass_client::download::{DownloadPath, GetDownload};
///
/// let request = GetDownload::new("ebook-1").path(DownloadPath::Sdk);
/// ```
///
/// Source: the provider's documentation, `developer.tinypass.com/main/restapi`, download. The
/// alternative path is from the official PHP client 2.0.8.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetDownload {
    rid: String,
    path: DownloadPath,
}

impl GetDownload {
    /// Creates a request for the details of the download of the resource `rid`.
    pub fn new(rid: impl Into<String>) -> Self {
        Self { rid: rid.into(), path: DownloadPath::Documented }
    }

    /// Sets the spelling of the path. Defaults to [`DownloadPath::Documented`].
    #[must_use]
    pub fn path(mut self, path: DownloadPath) -> Self {
        self.path = path;
        self
    }
}

impl Endpoint for GetDownload {
    type Output = Option<Download>;
    const ID: &'static str = "download.get";
    const ROUTE: Route<Self> = Route::<Self>::get("/r2/download/")
        .path(|endpoint| match endpoint.path {
            DownloadPath::Documented => "/r2/download/".into(),
            DownloadPath::Sdk => "/r2/download".into(),
        })
        .or_not_found();

    fn validate(&self) -> Result<(), InputError> {
        validate::rid(&self.rid)
    }

    fn query<'a>(&'a self, params: &mut Params<'a>) {
        params.push("rid", &self.rid);
    }

    fn parse(&self, response: &Response) -> Result<Option<Download>, ResponseError> {
        error::optional(response)
    }
}

/// The expiry of a link, given as a lifetime or as a time. The API has a parameter for each, and a
/// request must contain exactly one of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Until {
    Lifetime(Duration),
    Expiration(UnixTime),
}

/// `GET /r2/downloads/url`: returns an expiring link to a download.
///
/// ```
/// use std::time::Duration;
/// use tinypass_client::{GetDownloadUrl, UnixTime};
///
/// let for_a_minute = GetDownloadUrl::for_lifetime("ebook-1", Duration::from_secs(60));
/// let until = GetDownloadUrl::until("ebook-1", UnixTime::from_seconds(1_893_456_000));
/// ```
///
/// Source: the provider's documentation, `developer.tinypass.com/main/restapi`, download/url. The
/// alternative path is from the official PHP client 2.0.8.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetDownloadUrl {
    rid: String,
    until: Until,
    path: DownloadPath,
}

impl GetDownloadUrl {
    /// Creates a request for a link that expires after `lifetime`, measured by the server's clock.
    /// The lifetime is sent in whole seconds and must be at least one second.
    pub fn for_lifetime(rid: impl Into<String>, lifetime: Duration) -> Self {
        let until = Until::Lifetime(lifetime);
        Self { rid: rid.into(), until, path: DownloadPath::Documented }
    }

    /// Creates a request for a link that expires at `expires`.
    pub fn until(rid: impl Into<String>, expires: impl Into<UnixTime>) -> Self {
        let until = Until::Expiration(expires.into());
        Self { rid: rid.into(), until, path: DownloadPath::Documented }
    }

    /// Sets the spelling of the path. Defaults to [`DownloadPath::Documented`]. This setting
    /// affects only [`Client::send`], because [`Client::get_download_url`] selects the spelling
    /// itself.
    #[must_use]
    pub fn path(mut self, path: DownloadPath) -> Self {
        self.path = path;
        self
    }
}

/// A link to the file of a download, which is valid for a limited time.
///
/// See the example in the module [`download`](crate::download).
///
/// Source: none, because the response is not documented. It is assumed to be an object with `url`.
/// A JSON string and a plain link are accepted as well.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DownloadUrl {
    /// The link. It gives access to the file without credentials, until it expires.
    pub url: String,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

#[derive(Deserialize)]
struct UrlObject {
    url: Option<String>,
    #[serde(rename = "$extra")]
    extra: ExtraFields,
}

impl Model for UrlObject {
    fn extra(&self) -> &ExtraFields {
        &self.extra
    }
}

impl Endpoint for GetDownloadUrl {
    type Output = DownloadUrl;
    const ID: &'static str = "download.url";
    const ROUTE: Route<Self> =
        Route::<Self>::get("/r2/downloads/url").path(|endpoint| match endpoint.path {
            DownloadPath::Documented => "/r2/downloads/url".into(),
            DownloadPath::Sdk => "/r2/download/url".into(),
        });

    fn validate(&self) -> Result<(), InputError> {
        match self.until {
            Until::Lifetime(lifetime) if lifetime.as_secs() == 0 => {
                return Err(InputError::new("lifetime", "must be at least one second"));
            }
            Until::Expiration(end) if end.seconds() <= 0 => {
                return Err(InputError::new("expires", "must be after 1970-01-01"));
            }
            _ => {}
        }
        validate::rid(&self.rid)
    }

    fn query<'a>(&'a self, params: &mut Params<'a>) {
        params.push("rid", &self.rid);
        match self.until {
            Until::Lifetime(lifetime) => params.push_number("lifetime", lifetime.as_secs()),
            Until::Expiration(end) => params.push_number("expiration", end.seconds()),
        };
    }

    /// Parses the link. Because the response is not documented, this accepts an object with `url`,
    /// a JSON string and a plain link.
    fn parse(&self, response: &Response) -> Result<DownloadUrl, ResponseError> {
        let body = response.body().trim_ascii();
        let link = |url: String| DownloadUrl { url, extra: ExtraFields::default() };
        match body.first() {
            Some(b'"') => json(response).map(link),
            Some(b'h') => Ok(link(String::from_utf8_lossy(body).into_owned())),
            _ => {
                let object: UrlObject = error::success(response)?;
                Ok(DownloadUrl { url: required("url", object.url)?, extra: object.extra })
            }
        }
    }
}

/// # Downloads
///
/// The request and response types are in the module [`download`](crate::download).
impl Client {
    /// Returns an expiring link to a download. The documentation and the official PHP client spell
    /// the path differently. Unless [`download_path`](crate::ClientBuilder::download_path) is set,
    /// the documented path is requested first, and the other path after a 404. Any error of the
    /// second request is returned, except for a 404 that is not from the API. In that case, the
    /// first 404 is returned.
    ///
    /// See the example in the module [`download`](crate::download).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_download_url(&self, request: &GetDownloadUrl) -> Result<DownloadUrl> {
        if let Some(path) = self.download_path {
            return self.send(&request.clone().path(path));
        }
        match self.send(&request.clone().path(DownloadPath::Documented)) {
            Err(first) if is_404(&first) => {
                match self.send(&request.clone().path(DownloadPath::Sdk)) {
                    // Only the documented path exists on this server.
                    Err(second) if is_404(&second) && !error::is_documented(second.body()) => {
                        Err(first)
                    }
                    result => result,
                }
            }
            result => result,
        }
    }

    /// Returns the details of the download of the resource `rid`, or `None` if there is no such
    /// download. After a 404, this method also tries the other spelling of the path, unless
    /// [`download_path`](crate::ClientBuilder::download_path) is set.
    ///
    /// See the example in the module [`download`](crate::download).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind). If both responses are a 404 and neither is from the
    /// API, the first one is returned as an error.
    pub fn get_download(&self, rid: impl Into<String>) -> Result<Option<Download>> {
        let request = GetDownload::new(rid);
        if let Some(path) = self.download_path {
            return self.send(&request.path(path));
        }
        let first = self.send(&request.clone().path(DownloadPath::Documented));
        match &first {
            Ok(None) => {}
            Err(error) if is_404(error) => {}
            _ => return first,
        }
        match self.send(&request.path(DownloadPath::Sdk)) {
            // Only the documented path exists on this server.
            Err(second) if is_404(&second) => first,
            result => result,
        }
    }
}

fn is_404(error: &Error) -> bool {
    error.status() == Some(StatusCode::NOT_FOUND)
}
