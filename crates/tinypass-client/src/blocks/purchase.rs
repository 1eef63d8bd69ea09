//! Purchase links and tags, with which a visitor's browser sends an offer to TinyPass.

mod policy;
mod split;

use std::time::SystemTime;

use api_auth::http::Uri;
use api_auth::{InputError, UnixTime, setters};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::{Blocks, json_text};
use crate::Environment;
use crate::validate;
use policy::PolicyText;
use split::Split;

pub use policy::Policy;

/// The maximum length of a caption: in bytes in the PHP client, and in characters in the Ruby gem.
const CAPTION: usize = 50;

/// The official client whose format a purchase request uses. The formats differ, for example, in
/// the name of captions (`cpt` or `caption`) and in the order of fields.
///
/// See the example in the module [`blocks`](crate::blocks).
///
/// Source: the official PHP client 2.0.8 and Ruby gem 0.0.1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum PurchaseFormat {
    /// The PHP client, which is older and more widely used.
    #[default]
    Php,
    /// The Ruby gem.
    Ruby,
}

/// A price of an offer, and the period of access that it pays for.
///
/// See the example in the module [`blocks`](crate::blocks).
///
/// Source: the official PHP client 2.0.8 and Ruby gem 0.0.1; for recurring prices, the provider's
/// documentation, `developer.tinypass.com/main/subscription`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceOption {
    price: String,
    period: String,
    /// The number of payments of a recurring price, or `*`. `None` if the price is not recurring.
    cycles: Option<String>,
    starts: Option<i64>,
    ends: Option<i64>,
    caption: String,
    splits: Vec<Split>,
}

impl PriceOption {
    /// Creates a price such as `.50` or `4.99`, in the application's currency, for a period such as
    /// `24 hours`, `1 week` or `1 month`.
    pub fn new(price: impl Into<String>, period: impl Into<String>) -> Self {
        Self {
            price: price.into(),
            period: period.into(),
            cycles: None,
            starts: None,
            ends: None,
            caption: String::new(),
            splits: Vec::new(),
        }
    }

    /// Creates a recurring price, which is paid once per period (`weekly`, `monthly`, `3 months`,
    /// `6 months`, `yearly`), `cycles` times in total. With `None`, the number of payments is
    /// unlimited.
    ///
    /// ```
    /// use tinypass_client::blocks::PriceOption;
    ///
    /// let endless = PriceOption::recurring("5", "monthly", None);
    /// ```
    pub fn recurring(price: &str, period: &str, cycles: Option<u32>) -> Self {
        let cycles = cycles.map_or("*".to_owned(), |cycles| cycles.to_string());
        Self { cycles: Some(cycles), ..Self::new(price, period) }
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

    /// Sets the caption. Only the first 50 bytes are sent, truncated at a character boundary. With
    /// [`PurchaseFormat::Ruby`], the first 50 characters are sent.
    #[must_use]
    pub fn caption(mut self, text: impl Into<String>) -> Self {
        self.caption = text.into();
        self
    }

    /// Adds a recipient and its share of the price. The share is a percentage such as `30%`, which
    /// is sent as the fraction `0.3`, or an amount such as `5.00`, which is sent unchanged. A
    /// second share for the same address replaces the first one. The sum of the shares is not
    /// checked.
    ///
    /// ```
    /// use tinypass_client::blocks::PriceOption;
    ///
    /// let price = PriceOption::new("4.99", "1 month").split("author@example.org", "30%");
    /// ```
    #[must_use]
    pub fn split(mut self, email: impl Into<String>, share: impl Into<String>) -> Self {
        let (email, share) = (email.into(), share.into());
        match self.splits.iter_mut().find(|split| split.email == email) {
            Some(split) => split.share = share,
            None => self.splits.push(Split { email, share }),
        }
        self
    }

    fn validate(&self) -> Result<(), InputError> {
        validate::not_empty("price", &self.price)?;
        if let Some(cycles) = &self.cycles {
            validate::not_empty("period", &self.period)?;
            for (name, text) in [("price", &self.price), ("period", &self.period)] {
                if text.contains(['[', '|', ']']) {
                    return Err(InputError::new(name, "must not contain [, | or ]"));
                }
            }
            if cycles == "0" {
                return Err(InputError::new("cycles", "must be at least 1"));
            }
        }
        self.splits.iter().try_for_each(|split| split.text().map(drop))
    }

    fn short_caption(&self, format: PurchaseFormat) -> &str {
        let is_short = |(index, (start, char)): (usize, (usize, char))| match format {
            PurchaseFormat::Php => start + char.len_utf8() <= CAPTION,
            PurchaseFormat::Ruby => index < CAPTION,
        };
        let chars = self.caption.char_indices().enumerate();
        let end = chars.take_while(|each| is_short(*each)).last();
        let end = end.map_or(0, |(_, (start, char))| start + char.len_utf8());
        self.caption.get(..end).unwrap_or_default()
    }
}

/// An offer: a resource with its prices, and with policies such as discounts.
///
/// See the example in the module [`blocks`](crate::blocks).
///
/// Source: the official PHP client 2.0.8 and Ruby gem 0.0.1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    rid: String,
    name: String,
    url: Option<String>,
    prices: Vec<PriceOption>,
    policies: Vec<Policy>,
    tags: Vec<String>,
}

impl Offer {
    /// Creates an offer of the resource `rid` with the displayed `name` and one price.
    /// [`price`](Self::price) adds further prices.
    pub fn new(rid: impl Into<String>, name: impl Into<String>, price: PriceOption) -> Self {
        Self {
            rid: rid.into(),
            name: name.into(),
            url: None,
            prices: vec![price],
            policies: Vec::new(),
            tags: Vec::new(),
        }
    }

    /// Adds a price, as an alternative to the others.
    #[must_use]
    pub fn price(mut self, price: PriceOption) -> Self {
        self.prices.push(price);
        self
    }

    /// Adds a policy, such as a discount.
    #[must_use]
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policies.push(policy);
        self
    }

    /// Adds a tag, such as `music`, to the resource.
    #[must_use]
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.tags.push(tag.into());
        self
    }

    setters! {
        /// Sets the URL of the resource.
        url: impl Into<String>,
    }

    fn validate(&self) -> Result<(), InputError> {
        validate::rid(&self.rid)?;
        self.prices.iter().try_for_each(PriceOption::validate)?;
        self.policies.iter().try_for_each(Policy::validate)
    }
}

/// A purchase: the offers to a visitor, and the URLs to which the browser is redirected afterwards.
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
    options: Vec<(String, String)>,
    format: PurchaseFormat,
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
            options: Vec::new(),
            format: PurchaseFormat::Php,
        }
    }

    setters! {
        /// Sets a second offer, which the request contains in addition to the first.
        secondary: Offer,
        /// Sets the name of the JavaScript function that the provider's script calls in the page.
        callback: impl Into<String>,
        /// Sets the visitor's IP address, to which access is bound.
        client_ip: impl Into<String>,
        /// Sets your reference for the user, such as `user_42`.
        user_ref: impl Into<String>,
        /// Sets the URL to which the browser is redirected after the purchase. Only used in links.
        return_url: impl Into<String>,
        /// Sets the URL to which the browser is redirected if the visitor cancels. Only used in
        /// links.
        cancel_url: impl Into<String>,
    }

    /// Sets an additional option by name. A second value for the same option replaces the first
    /// one.
    ///
    /// `button.html` is the HTML of the button that replaces a [tag](Blocks::purchase_tag), and
    /// `button.link` is its text. If both are set, the HTML is used.
    #[must_use]
    pub fn option(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let (name, value) = (name.into(), value.into());
        match self.options.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => self.options.push((name, value)),
        }
        self
    }

    /// Sets the official client whose format the request uses. Defaults to [`PurchaseFormat::Php`].
    #[must_use]
    pub fn format(mut self, format: PurchaseFormat) -> Self {
        self.format = format;
        self
    }

    fn validate(&self) -> Result<(), InputError> {
        for (name, _) in &self.options {
            validate::not_empty("option", name)?;
            if ["return_url", "cancel_url"].contains(&&**name) {
                let problem =
                    "must not be return_url or cancel_url; use the methods of these names";
                return Err(InputError::new("option", problem));
            }
        }
        self.primary.validate()?;
        self.secondary.as_ref().map_or(Ok(()), Offer::validate)
    }

    fn get_option(&self, name: &str) -> Option<&str> {
        let mut options = self.options.iter();
        options.find(|(known, _)| known == name).map(|(_, value)| &**value)
    }

    /// Returns the request as JSON, with the member names and order of the selected official
    /// client.
    fn json(&self, now: SystemTime, with_urls: bool) -> String {
        let now = UnixTime::from(now);
        let given = self.options.iter().map(|(name, value)| (&**name, &**value));
        let urls = [("return_url", &self.return_url), ("cancel_url", &self.cancel_url)];
        let urls = urls.into_iter().filter(|_| with_urls);
        let urls = urls.filter_map(|(name, url)| Some((name, url.as_deref()?)));
        let offer = |offer| OfferText { offer, format: self.format, now: now.seconds() };
        let trimmed = |text: &'_ Option<String>| -> Option<String> {
            text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
        };
        json_text(&[Request {
            o1: offer(&self.primary),
            t: now,
            v: "2.0p",
            cb: self.callback.as_deref(),
            ip: trimmed(&self.client_ip),
            uref: trimmed(&self.user_ref),
            opts: Options(given.chain(urls).collect()),
            o2: self.secondary.as_ref().map(offer),
        }])
    }
}

#[derive(Serialize)]
struct Request<'a> {
    o1: OfferText<'a>,
    t: UnixTime,
    v: &'static str,
    /// The name of the JavaScript callback. It is serialized as `null` if it is not set.
    cb: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ip: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uref: Option<String>,
    #[serde(skip_serializing_if = "Options::is_empty")]
    opts: Options<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    o2: Option<OfferText<'a>>,
}

/// The options of a request, in the order in which they were set.
struct Options<'a>(Vec<(&'a str, &'a str)>);

impl Options<'_> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Options<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().copied())
    }
}

/// An offer as it is serialized in a request.
struct OfferText<'a> {
    offer: &'a Offer,
    format: PurchaseFormat,
    /// The time of the request in Unix seconds.
    now: i64,
}

impl Serialize for OfferText<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { offer, format, now } = *self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("rid", &offer.rid)?;
        map.serialize_entry("rnm", &offer.name)?;
        map.serialize_entry("rurl", &offer.url)?;
        if format == PurchaseFormat::Php && !offer.tags.is_empty() {
            map.serialize_entry("tags", &offer.tags)?;
        }
        map.serialize_entry("pos", &PricesText { prices: &offer.prices, format })?;
        let policies = offer.policies.iter().map(|policy| PolicyText { policy, now });
        map.serialize_entry("pol", &policies.collect::<Vec<_>>())?;
        if format == PurchaseFormat::Ruby {
            map.serialize_entry("tags", &offer.tags)?;
        }
        map.end()
    }
}

/// The prices of an offer as they are serialized in a request: the members `opt0`, `opt1` and so
/// on.
struct PricesText<'a> {
    prices: &'a [PriceOption],
    format: PurchaseFormat,
}

impl Serialize for PricesText<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let options = self.prices.iter().enumerate().map(|(index, option)| {
            (format!("opt{index}"), PriceText { option, format: self.format })
        });
        serializer.collect_map(options)
    }
}

struct PriceText<'a> {
    option: &'a PriceOption,
    format: PurchaseFormat,
}

impl Serialize for PriceText<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { option, format } = *self;
        let mut map = serializer.serialize_map(None)?;
        let PriceOption { price, period, .. } = option;
        match &option.cycles {
            Some(cycles) => {
                map.serialize_entry("price", &format!("[{price} | {period} | {cycles}]"))?;
                map.serialize_entry("exp", "")?;
            }
            None => {
                map.serialize_entry("price", price)?;
                map.serialize_entry("exp", period)?;
            }
        }
        if format == PurchaseFormat::Ruby {
            map.serialize_entry("caption", option.short_caption(format))?;
        }
        for (name, time) in [("sd", option.starts), ("ed", option.ends)] {
            if let Some(time) = time {
                map.serialize_entry(name, &time)?;
            }
        }
        if format == PurchaseFormat::Php {
            map.serialize_entry("cpt", option.short_caption(format))?;
        }
        if !option.splits.is_empty() {
            // `validate` has already accepted all splits.
            let splits = option.splits.iter().filter_map(|split| split.text().ok());
            map.serialize_entry("splits", &splits.collect::<Vec<_>>())?;
        }
        map.end()
    }
}

impl Blocks {
    /// Returns the encrypted request, `{jax}...`, which is also the value of the attribute `rdata`
    /// of a [tag](Self::purchase_tag).
    ///
    /// # Errors
    /// Returns an error if a price is empty, a recurring price has an empty period, 0 cycles, or
    /// contains `[`, `|` or `]`, a rid is empty or longer than 255 characters, or a split, policy
    /// or option is invalid.
    pub fn purchase_request(
        &self,
        purchase: &Purchase,
        now: SystemTime,
    ) -> Result<String, InputError> {
        purchase.validate()?;
        Ok(format!("{{jax}}{}", self.seal(&purchase.json(now, false))))
    }

    /// Returns the HTML element `<tp:request>`, which the provider's script replaces with a button.
    /// Values are escaped, so that they cannot end an attribute.
    ///
    /// The script writes the option `button.html` into the page as HTML, so this option must not
    /// contain input from visitors.
    ///
    /// ```
    /// use std::time::SystemTime;
    /// use tinypass_client::{Environment, blocks::{Blocks, Offer, PriceOption, Purchase}};
    ///
    /// let blocks = Blocks::new("AIDAIDAID0", "key")?;
    /// let offer = Offer::new("premium-content", "Everything", PriceOption::new(".99", "1 week"));
    /// let purchase = Purchase::new(offer).option("button.link", "Subscribe");
    /// let tag = blocks.purchase_tag(&purchase, &Environment::Production, SystemTime::now())?;
    /// assert!(tag.starts_with(r#"<tp:request type="purchase" rid="premium-content" "#));
    /// assert!(tag.ends_with(r#" link="Subscribe"></tp:request>"#));
    /// # Ok::<(), tinypass_client::InputError>(())
    /// ```
    ///
    /// # Errors
    /// See [`purchase_link`](Self::purchase_link).
    pub fn purchase_tag(
        &self,
        purchase: &Purchase,
        environment: &Environment,
        now: SystemTime,
    ) -> Result<String, InputError> {
        let request = self.purchase_request(purchase, now)?;
        let url = format!("{}/v2", base_url(environment)?);
        let version = match purchase.format {
            PurchaseFormat::Php => "2.0.8",
            PurchaseFormat::Ruby => "2.0.7",
        };
        let mut tag = format!(
            r#"<tp:request type="purchase" rid="{}" url="{}" rdata="{request}" aid="{}" cn="{}" v="{version}""#,
            escaped(&purchase.primary.rid),
            escaped(&url),
            self.aid,
            self.cookie_name(),
        );
        if let Some(callback) = &purchase.callback {
            tag.push_str(&format!(r#" oncheckaccess="{}""#, escaped(callback)));
        }
        // The official clients escape only the quotes in these two values.
        let quoted = |html: &str| html.replace('"', "&quot;");
        if let Some(html) = purchase.get_option("button.html") {
            tag.push_str(&format!(r#" custom="{}""#, quoted(html)));
        } else if let Some(link) = purchase.get_option("button.link") {
            tag.push_str(&format!(r#" link="{}""#, quoted(link)));
        }
        tag.push_str("></tp:request>");
        Ok(tag)
    }

    /// Returns the purchase link, to which you redirect a visitor's browser.
    ///
    /// # Errors
    /// Returns the errors of [`purchase_request`](Self::purchase_request), and an error if the base
    /// URL of `environment` is not an `https` or `http` URL with a host, or has credentials, a
    /// query or a fragment.
    pub fn purchase_link(
        &self,
        purchase: &Purchase,
        environment: &Environment,
        now: SystemTime,
    ) -> Result<String, InputError> {
        purchase.validate()?;
        let base = base_url(environment)?;
        let request = self.seal(&purchase.json(now, true));
        Ok(format!("{base}/v2/jsapi/auth.js?aid={}&r={{jax}}{request}", self.aid))
    }
}

/// Returns the base URL of the purchase links in an environment, without a trailing slash.
fn base_url(environment: &Environment) -> Result<&str, InputError> {
    let base = environment.base_url();
    if is_base_url(base) {
        return Ok(base.trim_end_matches('/'));
    }
    let problem = "must be an https or http URL without credentials, query and fragment";
    Err(InputError::new("base_url", problem))
}

/// Escapes a string for an HTML attribute in double quotes.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Returns whether a path can be appended to this URL to form a link for a browser.
fn is_base_url(url: &str) -> bool {
    let Ok(uri) = url.parse::<Uri>() else { return false };
    let is_web = matches!(uri.scheme_str(), Some("https" | "http"));
    let has_host = uri.host().is_some_and(|host| !host.is_empty());
    is_web && has_host && !url.contains(['@', '?', '#'])
}
