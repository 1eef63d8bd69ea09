//! Purchase links, by which a visitor's browser sends an offer to TinyPass.

use std::time::SystemTime;

use api_auth::http::Uri;
use api_auth::{InputError, UnixTime, setters};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::{Blocks, json_text};
use crate::Environment;
use crate::validate;

/// The maximum length of a caption in characters. The official clients truncate longer ones.
const CAPTION: usize = 50;

/// The name under which the caption of a price option is sent. The official clients differ.
///
/// Source: the official PHP client 2.0.8 (`cpt`) and Ruby gem 0.0.1 (`caption`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum CaptionKey {
    /// `cpt`, as in the PHP client, which is older and more widely used.
    #[default]
    Php,
    /// `caption`, as in the Ruby gem.
    Ruby,
}

/// A price of an offer: an amount for a period.
///
/// Source: the official PHP client 2.0.8 and Ruby gem 0.0.1; for recurring prices the provider's
/// documentation, `developer.tinypass.com/main/subscription`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceOption {
    price: String,
    period: String,
    starts: Option<i64>,
    ends: Option<i64>,
    caption: String,
}

impl PriceOption {
    /// Creates a price such as `.50` or `4.99`, in the application's currency, for a period such as
    /// `24 hours`, `1 week` or `1 month`.
    pub fn new(price: impl Into<String>, period: impl Into<String>) -> Self {
        Self {
            price: price.into(),
            period: period.into(),
            starts: None,
            ends: None,
            caption: String::new(),
        }
    }

    /// Creates a recurring price, paid each period (`weekly`, `monthly`, `3 months`, `6 months`,
    /// `yearly`) for the given number of cycles. `None` is unlimited.
    ///
    /// ```
    /// use tinypass_client::blocks::PriceOption;
    ///
    /// let endless = PriceOption::recurring("5", "monthly", None);
    /// ```
    pub fn recurring(price: &str, period: &str, cycles: Option<u32>) -> Self {
        let cycles = cycles.map_or("*".to_owned(), |cycles| cycles.to_string());
        Self::new(format!("[{price} | {period} | {cycles}]"), "")
    }

    /// Sets the time from which the price is offered.
    #[must_use]
    pub fn starts(mut self, at: impl Into<UnixTime>) -> Self {
        self.starts = Some(at.into().seconds());
        self
    }

    /// Sets the time until which the price is offered.
    #[must_use]
    pub fn ends(mut self, at: impl Into<UnixTime>) -> Self {
        self.ends = Some(at.into().seconds());
        self
    }

    /// Sets the caption. Only its first 50 characters are sent.
    #[must_use]
    pub fn caption(mut self, text: &str) -> Self {
        self.caption = text.chars().take(CAPTION).collect();
        self
    }
}

/// A resource with its prices.
///
/// Source: the official PHP client 2.0.8 and Ruby gem 0.0.1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    rid: String,
    name: String,
    url: Option<String>,
    prices: Vec<PriceOption>,
    tags: Vec<String>,
}

impl Offer {
    /// Creates an offer of the resource `rid` with a displayed `name` and one price. Add more with
    /// [`price`](Self::price).
    pub fn new(rid: impl Into<String>, name: impl Into<String>, price: PriceOption) -> Self {
        Self {
            rid: rid.into(),
            name: name.into(),
            url: None,
            prices: vec![price],
            tags: Vec::new(),
        }
    }

    /// Adds a price.
    #[must_use]
    pub fn price(mut self, price: PriceOption) -> Self {
        self.prices.push(price);
        self
    }

    /// Adds a tag.
    #[must_use]
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.tags.push(tag.into());
        self
    }

    setters! {
        /// Sets the URL of the resource.
        url: impl Into<String>,
    }
}

/// The offers to a visitor, and the URLs to which the browser is redirected afterwards.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use tinypass_client::{Environment, blocks::{Blocks, Offer, PriceOption, Purchase}};
///
/// let blocks = Blocks::new("AIDAIDAID0", "key")?;
/// let offer = Offer::new("premium-content", "Everything", PriceOption::new(".99", "1 week"));
/// let purchase = Purchase::new(offer).return_url("https://example.com/thanks");
/// let link = blocks.purchase_link(&purchase, &Environment::Production, SystemTime::now())?;
/// assert!(link.starts_with("https://api.tinypass.com/v2/jsapi/auth.js?aid=AIDAIDAID0&r={jax}"));
/// # Ok::<(), tinypass_client::InputError>(())
/// ```
///
/// Source: the official PHP client 2.0.8 and Ruby gem 0.0.1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purchase {
    primary: Offer,
    secondary: Option<Offer>,
    callback: Option<String>,
    client_ip: Option<String>,
    user_ref: Option<String>,
    return_url: Option<String>,
    cancel_url: Option<String>,
    caption_key: CaptionKey,
}

impl Purchase {
    /// Creates a purchase with one offer.
    pub fn new(offer: Offer) -> Self {
        Self {
            primary: offer,
            secondary: None,
            callback: None,
            client_ip: None,
            user_ref: None,
            return_url: None,
            cancel_url: None,
            caption_key: CaptionKey::Php,
        }
    }

    setters! {
        /// Sets a second offer.
        secondary: Offer,
        /// Sets the JavaScript function that is called in the page.
        callback: impl Into<String>,
        /// Sets the visitor's IP address, to which access is bound.
        client_ip: impl Into<String>,
        /// Sets your reference for the user.
        user_ref: impl Into<String>,
        /// Sets the URL to which the browser is redirected after the purchase. Only used in links.
        return_url: impl Into<String>,
        /// Sets the URL to which the browser is redirected if the visitor cancels. Only used in
        /// links.
        cancel_url: impl Into<String>,
    }

    /// Sets the name under which captions are sent. Defaults to [`CaptionKey::Php`].
    #[must_use]
    pub fn caption_key(mut self, key: CaptionKey) -> Self {
        self.caption_key = key;
        self
    }

    fn validate(&self) -> Result<(), InputError> {
        for offer in [Some(&self.primary), self.secondary.as_ref()].into_iter().flatten() {
            validate::rid(&offer.rid)?;
            for option in &offer.prices {
                validate::not_empty("price", &option.price)?;
            }
        }
        Ok(())
    }

    /// Returns the request as JSON, with the names and order of the official clients.
    fn json(&self, now: SystemTime, with_urls: bool) -> String {
        let urls =
            Urls { return_url: self.return_url.as_deref(), cancel_url: self.cancel_url.as_deref() };
        let any_url = urls.return_url.is_some() || urls.cancel_url.is_some();
        let offer = |offer| OfferText { offer, caption_key: self.caption_key };
        json_text(&[Request {
            o1: offer(&self.primary),
            t: UnixTime::from(now),
            v: "2.0p",
            cb: self.callback.as_deref(),
            ip: self.client_ip.as_deref(),
            uref: self.user_ref.as_deref(),
            opts: Some(urls).filter(|_| with_urls && any_url),
            o2: self.secondary.as_ref().map(offer),
        }])
    }
}

#[derive(Serialize)]
struct Request<'a> {
    o1: OfferText<'a>,
    t: UnixTime,
    v: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cb: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ip: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uref: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    opts: Option<Urls<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    o2: Option<OfferText<'a>>,
}

#[derive(Serialize)]
struct Urls<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    return_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cancel_url: Option<&'a str>,
}

/// The serialized form of an offer.
struct OfferText<'a> {
    offer: &'a Offer,
    caption_key: CaptionKey,
}

impl Serialize for OfferText<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { offer, caption_key } = *self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("rid", &offer.rid)?;
        map.serialize_entry("rnm", &offer.name)?;
        map.serialize_entry("rurl", &offer.url)?;
        map.serialize_entry("pos", &PricesText { prices: &offer.prices, caption_key })?;
        map.serialize_entry("pol", &[(); 0])?;
        map.serialize_entry("tags", &offer.tags)?;
        map.end()
    }
}

/// The serialized form of the prices of an offer: `opt0`, `opt1` and so on.
struct PricesText<'a> {
    prices: &'a [PriceOption],
    caption_key: CaptionKey,
}

impl Serialize for PricesText<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let options = self.prices.iter().enumerate().map(|(index, option)| {
            (format!("opt{index}"), PriceText { option, caption_key: self.caption_key })
        });
        serializer.collect_map(options)
    }
}

struct PriceText<'a> {
    option: &'a PriceOption,
    caption_key: CaptionKey,
}

impl Serialize for PriceText<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let option = self.option;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("price", &option.price)?;
        map.serialize_entry("exp", &option.period)?;
        if let Some(starts) = option.starts {
            map.serialize_entry("sd", &starts)?;
        }
        if let Some(ends) = option.ends {
            map.serialize_entry("ed", &ends)?;
        }
        let caption = match self.caption_key {
            CaptionKey::Php => "cpt",
            CaptionKey::Ruby => "caption",
        };
        map.serialize_entry(caption, &option.caption)?;
        map.end()
    }
}

impl Blocks {
    /// Returns the encrypted request, for the attribute `rdata` of a `<tp:request>` tag in a page:
    /// `{jax}...`.
    ///
    /// # Errors
    /// Returns an error if a price is empty, or a rid is empty or longer than 255 characters.
    pub fn purchase_request(
        &self,
        purchase: &Purchase,
        now: SystemTime,
    ) -> Result<String, InputError> {
        purchase.validate()?;
        Ok(format!("{{jax}}{}", self.seal(&purchase.json(now, false))))
    }

    /// Returns the link to which a visitor's browser is redirected.
    ///
    /// # Errors
    /// Returns an error if a price is empty, a rid is empty or longer than 255 characters, or the
    /// base URL of `environment` is not an `https` or `http` URL with a host, or has credentials, a
    /// query or a fragment.
    pub fn purchase_link(
        &self,
        purchase: &Purchase,
        environment: &Environment,
        now: SystemTime,
    ) -> Result<String, InputError> {
        purchase.validate()?;
        let base = environment.base_url();
        if !is_base_url(base) {
            let problem = "must be an https or http URL without credentials and query";
            return Err(InputError::new("base_url", problem));
        }
        let request = self.seal(&purchase.json(now, true));
        let base = base.trim_end_matches('/');
        Ok(format!("{base}/v2/jsapi/auth.js?aid={}&r={{jax}}{request}", self.aid))
    }
}

/// Returns whether a path can be appended to this URL to get a link for a browser.
fn is_base_url(url: &str) -> bool {
    let Ok(uri) = url.parse::<Uri>() else { return false };
    let is_web = matches!(uri.scheme_str(), Some("https" | "http"));
    let has_host = uri.host().is_some_and(|host| !host.is_empty());
    is_web && has_host && !url.contains(['@', '?', '#'])
}
