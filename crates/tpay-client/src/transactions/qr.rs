//! QR images of the link to the payment page of a transaction. See the example on
//! [`GetTransactionQr`].

use api_auth::{
    Body, Endpoint, InputError, Response, ResponseError, Result, Route, route, setters, wire_enum,
};
use serde::Serialize;

use crate::common::File;
use crate::{Client, validate};

wire_enum! {
    /// The size of a QR image.
    ///
    /// See the example on [`GetTransactionQr`](crate::transactions::qr::GetTransactionQr).
    ///
    /// Source: the provider's API reference, `POST /transactions/{transactionId}/qr`.
    pub enum QrSize {
        /// A small image (`S`).
        Small = "S",
        /// An image of medium size (`M`). This is the default.
        Medium = "M",
        /// A large image (`L`).
        Large = "L",
        /// An extra large image (`XL`).
        ExtraLarge = "XL",
    }
}

wire_enum! {
    /// The format of a QR image, or of the logo in it.
    ///
    /// See the example on [`GetTransactionQr`](crate::transactions::qr::GetTransactionQr).
    ///
    /// Source: the provider's API reference, `POST /transactions/{transactionId}/qr`.
    pub enum ImageType {
        /// A PNG image. This is the default for QR images.
        Png = "image/png",
        /// A JPEG image.
        Jpeg = "image/jpeg",
        /// An SVG image.
        Svg = "image/svg+xml",
    }
}

wire_enum! {
    /// The identifier in the link that a QR image contains.
    ///
    /// See the example on [`GetTransactionQr`](crate::transactions::qr::GetTransactionQr).
    ///
    /// Source: the provider's API reference, `POST /transactions/{transactionId}/qr`.
    pub enum QrLink {
        /// The title of a transaction. This is the default.
        Title = "title",
        /// The title of a transaction that was created for a group of channels (`group_id`). The
        /// server does not reject the title of a transaction that was created for one channel.
        GlobalTitle = "gtitle",
    }
}

/// `POST /transactions/{transactionId}/qr`: creates a QR image of the link to the payment page.
///
/// ```
/// use tpay_client::transactions::qr::{GetTransactionQr, ImageType, QrSize};
///
/// let request = GetTransactionQr::new("01K1Z6T40ZWKY1XZG9VD5AZ9Q4")
///     .size(QrSize::Large)
///     .output_type(ImageType::Svg);
/// ```
///
/// Source: the provider's API reference, `POST /transactions/{transactionId}/qr`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GetTransactionQr {
    #[serde(skip)]
    transaction_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<QrSize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_type: Option<ImageType>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logo: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logo_type: Option<ImageType>,
    #[serde(skip_serializing_if = "Option::is_none")]
    link_type: Option<QrLink>,
}

impl GetTransactionQr {
    /// Creates a request for a PNG image of medium size for the transaction with this id.
    pub fn new(transaction_id: impl Into<String>) -> Self {
        Self {
            transaction_id: transaction_id.into(),
            size: None,
            output_type: None,
            logo: None,
            logo_type: None,
            link_type: None,
        }
    }

    setters! {
        /// Sets the size of the image. Defaults to medium.
        size: impl Into<QrSize>,
        /// Sets the format of the image. Defaults to PNG.
        output_type: impl Into<ImageType>,
        /// Sets the logo in the centre of the QR image. You must encode the logo in base64.
        logo: impl Into<String>,
        /// Sets the format of the logo, such as PNG.
        logo_type: impl Into<ImageType>,
        /// Sets the identifier in the link. Defaults to the title of the transaction.
        link_type: impl Into<QrLink>,
    }
}

impl Endpoint for GetTransactionQr {
    type Output = File;
    const ID: &'static str = "transactions.qr";
    // The request creates an image and changes no data.
    const ROUTE: Route<Self> = route!(POST "/transactions/{transactionId}/qr", transaction_id)
        .accept("image/*")
        .read_only();

    fn validate(&self) -> Result<(), InputError> {
        validate::known("size", self.size.as_ref(), QrSize::KNOWN)?;
        validate::known("output_type", self.output_type.as_ref(), ImageType::KNOWN)?;
        validate::known("logo_type", self.logo_type.as_ref(), ImageType::KNOWN)?;
        validate::known("link_type", self.link_type.as_ref(), QrLink::KNOWN)
    }

    fn body(&self) -> Result<Body<'_>, InputError> {
        Body::json(self)
    }

    fn parse(&self, response: &Response) -> Result<File, ResponseError> {
        File::image(response)
    }
}

/// # QR images
///
/// See the module [`transactions::qr`](crate::transactions::qr) and the example on
/// [`GetTransactionQr`](crate::transactions::qr::GetTransactionQr).
impl Client {
    /// Returns a QR image of the link to the payment page of a transaction.
    ///
    /// See the example on [`GetTransactionQr`](crate::transactions::qr::GetTransactionQr).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_transaction_qr(&self, request: &GetTransactionQr) -> Result<File> {
        self.send(request)
    }
}
