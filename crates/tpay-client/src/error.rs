//! Error responses of the Tpay API, and what callers can do about them.

use api_auth::{
    Acknowledgement, Detail, Error, ErrorKind, ExtraFields, Response, ResponseError, Sent,
    StatusCode, json, json_start, oauth, required, wire,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::{Alternative, ResultStatus, Transaction};

/// Methods for errors of this crate, in addition to those of [`Error`](crate::Error).
///
/// ```
/// use tpay_client::{BlikPayment, Client, Pay, TpayError};
///
/// # use tpay_client::{Request, Response, TransportError};
/// # let server = |_: Request| -> Result<_, TransportError> {
/// #     let answer = r#"{"result":"success","status":"pending","payments":{"status":"declined"}}"#;
/// #     Ok(Response::new(answer.into()))
/// # };
/// # let tpay = Client::builder("id", "secret").http_basic().transport(server).build()?;
/// let paid = tpay.pay_transaction("01K1Z6T40ZWKY1XZG9VD5AZ9Q4", Pay::blik(BlikPayment::code("777123")));
/// match paid {
///     Ok(transaction) => println!("{:?}", transaction.status),
///     Err(error) if error.declined().is_some() => println!("ask for another code: {error}"),
///     Err(error) if error.outcome_unknown() => println!("read the transaction: {error}"),
///     Err(error) => return Err(error),
/// }
/// # Ok::<(), tpay_client::Error>(())
/// ```
pub trait TpayError {
    /// Returns the transaction whose payment was declined although the request succeeded. The
    /// transaction still exists and can be paid by another method: it has an id and a payment page.
    fn declined(&self) -> Option<&Transaction>;

    /// Returns the banking applications from which the payer must choose, if that is the reason:
    /// pay again with the `key` of one.
    fn alternatives(&self) -> &[Alternative] {
        self.declined().map(Transaction::alternatives).unwrap_or_default()
    }

    /// Returns whether it is certain that the request had no effect: it was not sent, or all its
    /// errors are about its form. It can be corrected and sent again.
    fn nothing_created(&self) -> bool;
}

/// The codes of errors in the form of a request.
const FORM: [&str; 13] = [
    "country_not_valid",
    "field_required",
    "incorrect_content_type",
    "invalid_request_body",
    "is_required",
    "not_array",
    "not_natural_int",
    "not_string",
    "not_valid",
    "too_low",
    "ts:country:not_valid",
    "ts:payer:phone:not_valid",
    "unexpected_field",
];

impl TpayError for Error {
    fn declined(&self) -> Option<&Transaction> {
        self.payload()
    }

    fn nothing_created(&self) -> bool {
        let about_form =
            |detail: &Detail| detail.code.as_deref().is_some_and(|code| FORM.contains(&code));
        match self.status() {
            _ if self.sent() == Sent::No => true,
            Some(StatusCode::BAD_REQUEST) => {
                !self.details().is_empty() && self.details().iter().all(about_form)
            }
            Some(StatusCode::UNAUTHORIZED) => true,
            _ => false,
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Refusal {
    request_id: Option<String>,
    #[serde(default, deserialize_with = "wire::one_or_more")]
    errors: Vec<RefusalEntry>,
    violations: Option<ExtraFields>,
    #[serde(default, deserialize_with = "wire::texts")]
    reasons: Vec<String>,
    #[serde(default, deserialize_with = "wire::texts")]
    unassociated_merchants: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RefusalEntry {
    error_code: Option<String>,
    error_message: Option<String>,
    field_name: Option<String>,
    dev_message: Option<String>,
}

impl Refusal {
    fn details(self) -> Vec<Detail> {
        let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
        let mut details = Vec::new();
        for entry in self.errors {
            let message = filled(entry.error_message).or(filled(entry.dev_message));
            details.push(Detail::new(filled(entry.field_name), filled(entry.error_code), message));
        }
        if let Some(violations) = self.violations {
            for field in violations.names() {
                let message = violations.text(&field).or_else(|| violations.json(&field));
                details.push(Detail::new(Some(field.into_owned()), None, message));
            }
        }
        details.extend(self.reasons.into_iter().map(|text| Detail::new(None, None, Some(text))));
        for merchant in self.unassociated_merchants {
            let field = Some("unassociatedMerchants".to_owned());
            details.push(Detail::new(field, None, Some(merchant)));
        }
        details
    }
}

/// Parses an error response in any of its documented forms.
pub(crate) fn read(response: &Response) -> ResponseError {
    let refusal = json::<Refusal>(response).unwrap_or_default();
    let request_id = refusal.request_id.clone();
    let mut details = refusal.details().into_iter().peekable();
    let mut error = match details.peek() {
        // Also the form of OAuth, and bodies that are not JSON.
        None => oauth::oauth_error(response),
        Some(_) => ResponseError::of_status(response.status()),
    };
    for detail in details {
        error = error.with_detail(detail);
    }
    match request_id {
        Some(id) => error.with_request_id(id),
        None => error,
    }
}

/// Parses a response; `result: failed` with HTTP 200 is an error.
///
/// Most responses have a `result`. Others must have one of these `parts`, the documented fields of
/// the created or found object; the error names the first one if all are missing. So the `{}` of a
/// proxy is not a success. `parts` is empty where none is documented.
pub(crate) fn answer<T: DeserializeOwned>(
    response: &Response,
    parts: &[&str],
) -> Result<T, ResponseError> {
    let value = json(response)?;
    judge(response, parts)?;
    Ok(value)
}

/// Applies the checks of [`answer`] to a response that is parsed already.
pub(crate) fn judge(response: &Response, parts: &[&str]) -> Result<(), ResponseError> {
    let Verdict { result } = json(response).unwrap_or_default();
    match (result, parts.first()) {
        (Some(ResultStatus::Failed), _) => Err(read(response)),
        (Some(_), _) | (None, None) => Ok(()),
        (None, Some(first)) => {
            let fields: ExtraFields = json(response)?;
            let came = |part: &&str| fields.json(part).is_some_and(|json| json != "null");
            required(first, parts.iter().find(|part| came(part))).map(drop)
        }
    }
}

#[derive(Deserialize, Default)]
struct Verdict {
    #[serde(default)]
    result: Option<ResultStatus>,
}

/// Parses the response to an action. The documented ones are empty or have a `result`; an object
/// without any field is an error.
pub(crate) fn receipt(response: &Response) -> Result<Acknowledgement, ResponseError> {
    Acknowledgement::read(response, |response| {
        let fields: ExtraFields = answer(response, &[])?;
        required("result", (!fields.is_empty()).then_some(()))?;
        Ok(fields)
    })
}

/// A file as returned by the server.
///
/// Source: the provider's API reference, `POST /transactions/{transactionId}/qr`; reports, the
/// official PHP client.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct File {
    /// The media type, such as `image/png`.
    pub content_type: Option<String>,
    /// The content.
    pub bytes: Vec<u8>,
}

impl File {
    pub(crate) fn any(response: &Response) -> Result<Self, ResponseError> {
        let content_type = response.headers().get(api_auth::http::header::CONTENT_TYPE);
        let content_type = content_type.and_then(|value| value.to_str().ok()).map(str::to_owned);
        Ok(Self { content_type, bytes: response.body().clone() })
    }

    /// Parses an image: a body that is neither empty, nor JSON, nor an HTML page.
    pub(crate) fn image(response: &Response) -> Result<Self, ResponseError> {
        let file = Self::any(response)?;
        let named = file.content_type.as_deref().is_none_or(|name| name.starts_with("image/"));
        let looks = !file.bytes.is_empty() && json_start(response) != Some(b'{');
        if !looks || !named {
            return Err(
                ResponseError::new(ErrorKind::Decode).with_message("the answer is no image")
            );
        }
        Ok(file)
    }
}
