//! Error responses of the Tpay API, and methods to handle them.

use api_auth::{
    Acknowledgement, Delivery, Detail, Error, ErrorKind, ExtraFields, Response, ResponseError,
    StatusCode, json, oauth, required, wire,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::Transaction;
use crate::common::ResultStatus;
use crate::transactions::payments::Alternative;

/// Additional methods of [`Error`](crate::Error) that are specific to Tpay. Only this error type
/// implements the trait.
///
/// ```
/// use tpay_client::{BlikPayment, Client, ErrorExt, Pay};
///
/// # use tpay_client::api_auth::{Request, Response, TransportError};
/// # let server = |_: Request| -> Result<_, TransportError> {
/// #     let body = r#"{"result":"success","status":"pending","payments":{"status":"declined"}}"#;
/// #     Ok(Response::new(body.into()))
/// # };
/// # let tpay = Client::builder("id", "secret").http_basic().transport(server).build()?;
/// let paid = tpay.pay_transaction("01K1Z6T40ZWKY1XZG9VD5AZ9Q4", Pay::blik(BlikPayment::code("777123")));
/// match paid {
///     Ok(transaction) => println!("{:?}", transaction.status),
///     Err(error) if error.declined().is_some() => println!("enter another code: {error}"),
///     Err(error) if error.outcome_unknown() => println!("read the transaction: {error}"),
///     Err(error) => return Err(error),
/// }
/// # Ok::<(), tpay_client::Error>(())
/// ```
pub trait ErrorExt: sealed::Sealed {
    /// Returns the transaction if its payment was declined, and `None` for all other errors. The
    /// request itself succeeded, so the transaction has an id and a payment page, and the payer can
    /// use another payment method.
    fn declined(&self) -> Option<&Transaction>;

    /// Returns the banking applications in which the BLIK alias exists, if the payment was declined
    /// because the payer must choose one of them. Otherwise, the list is empty. Pay again with the
    /// `application_code` of the chosen application as the [`key`](crate::blik::BlikAlias::key) of
    /// the alias.
    fn alternatives(&self) -> &[Alternative] {
        self.declined().map(Transaction::alternatives).unwrap_or_default()
    }

    /// Returns whether the request certainly had no effect: it was not sent, its credentials were
    /// rejected (status 401), or the response has status 400 and contains only errors about the
    /// format of the request. Such a request can be corrected and sent again.
    fn nothing_created(&self) -> bool;
}

/// The codes of validation errors, such as that of a missing field. A request that the server
/// rejected only with these codes had no effect.
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

mod sealed {
    pub trait Sealed {}

    impl Sealed for api_auth::Error {}
}

impl ErrorExt for Error {
    fn declined(&self) -> Option<&Transaction> {
        self.payload()
    }

    fn nothing_created(&self) -> bool {
        let about_form =
            |detail: &Detail| detail.code.as_deref().is_some_and(|code| FORM.contains(&code));
        match self.status() {
            _ if self.delivery() == Delivery::NotSent => true,
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
struct ErrorBody {
    request_id: Option<String>,
    #[serde(default, deserialize_with = "wire::one_or_more")]
    errors: Vec<ErrorEntry>,
    violations: Option<ExtraFields>,
    #[serde(default, deserialize_with = "wire::texts")]
    reasons: Vec<String>,
    #[serde(default, deserialize_with = "wire::texts")]
    unassociated_merchants: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ErrorEntry {
    error_code: Option<String>,
    error_message: Option<String>,
    field_name: Option<String>,
    dev_message: Option<String>,
}

impl ErrorBody {
    fn details(self) -> Vec<Detail> {
        let not_empty = |text: Option<String>| text.filter(|text| !text.is_empty());
        let mut details = Vec::new();
        for entry in self.errors {
            let message = not_empty(entry.error_message).or(not_empty(entry.dev_message));
            details.push(Detail::new(
                not_empty(entry.field_name),
                not_empty(entry.error_code),
                message,
            ));
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

/// Parses an error response in any of the documented formats.
pub(crate) fn read(response: &Response) -> ResponseError {
    let body = json::<ErrorBody>(response).unwrap_or_default();
    let request_id = body.request_id.clone();
    let mut details = body.details().into_iter().peekable();
    let mut error = match details.peek() {
        // Also responses in the format of OAuth, and bodies that are not JSON.
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

/// Parses a successful response. Returns an error if its `result` is `failed` although the status
/// is 200.
///
/// A response without a `result` must contain one of `fields`, the documented fields of the created
/// or found object. Otherwise, the error names the first of them, so that an empty object `{}` from
/// a proxy is not a success. If no field is documented, `fields` is empty, and a response without a
/// `result` is accepted.
pub(crate) fn success<T: DeserializeOwned>(
    response: &Response,
    fields: &[&str],
) -> Result<T, ResponseError> {
    let value = json(response)?;
    validate_result(response, fields)?;
    Ok(value)
}

/// Validates a response as [`success`] does, without parsing the value.
pub(crate) fn validate_result(response: &Response, fields: &[&str]) -> Result<(), ResponseError> {
    let CallResult { result } = json(response).unwrap_or_default();
    match (result, fields.first()) {
        (Some(ResultStatus::Failed), _) => Err(read(response)),
        (Some(_), _) | (None, None) => Ok(()),
        (None, Some(first)) => {
            let object: ExtraFields = json(response)?;
            let is_set = |field: &&str| object.json(field).is_some_and(|json| json != "null");
            required(first, fields.iter().find(|field| is_set(field))).map(drop)
        }
    }
}

#[derive(Deserialize, Default)]
struct CallResult {
    #[serde(default)]
    result: Option<ResultStatus>,
}

/// Parses the response to a request that returns no data, such as a cancellation. An object without
/// fields is an error, because the documented responses are empty or have a `result`. An unknown
/// `result` is an error, too.
pub(crate) fn acknowledgement(response: &Response) -> Result<Acknowledgement, ResponseError> {
    Acknowledgement::read(response, |response| {
        let fields: ExtraFields = success(response, &[])?;
        required("result", (!fields.is_empty()).then_some(()))?;
        match fields.read::<String>("result") {
            Some(text) if !ResultStatus::from(&*text).is_known() => {
                let known = "success, actionRequired, pending, failed";
                Err(ResponseError::new(ErrorKind::Decode)
                    .with_message(format!("result: {text:?} is not one of {known}")))
            }
            _ => Ok(fields),
        }
    })
}
