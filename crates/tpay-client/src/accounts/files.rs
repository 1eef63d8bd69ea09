//! Upload of documents for accounts, and for persons who are connected with an account.

use api_auth::{
    Acknowledgement, Body, Endpoint, InputError, Response, ResponseError, Result, Route, Secret,
    base64, route, setters, wire,
};
use serde::Serialize;

use crate::dictionaries::DocumentTypeId;
use crate::{Client, error, validate};

/// `POST /accounts/files`: uploads a document for an account, or for a person who is connected with
/// the account.
///
/// Experimental: the provider does not document how the content is encoded, which file types and
/// sizes are accepted, whether the person is optional, or what the response contains.
///
/// ```
/// use tpay_client::accounts::UploadAccountFile;
///
/// let scan = b"%PDF-1.7";
/// let upload = UploadAccountFile::new("mc_6UvbBjehvHXA7vfD", 1, scan).person_id("pr_bmZYOMG86DJ3PNBx");
/// ```
///
/// Source: the provider's Postman collection; not documented.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UploadAccountFile {
    #[serde(serialize_with = "wire::exposed")]
    file: Secret,
    account_id: String,
    document_type: DocumentTypeId,
    #[serde(skip_serializing_if = "Option::is_none")]
    person_id: Option<String>,
}

impl UploadAccountFile {
    /// Creates an upload of `content` for the account with this id. Pass the raw bytes: this method
    /// encodes them in base64. [`Client::list_documents`] lists the document types.
    pub fn new(
        account_id: impl Into<String>,
        document_type: impl Into<DocumentTypeId>,
        content: impl AsRef<[u8]>,
    ) -> Self {
        Self::encoded(account_id, document_type, base64(content.as_ref()))
    }

    /// Creates an upload of content that you have already encoded. The string `file` is sent
    /// unchanged.
    pub fn encoded(
        account_id: impl Into<String>,
        document_type: impl Into<DocumentTypeId>,
        file: impl Into<Secret>,
    ) -> Self {
        Self {
            file: file.into(),
            account_id: account_id.into(),
            document_type: document_type.into(),
            person_id: None,
        }
    }

    setters! {
        /// Sets the person to whom the document belongs: the `person_id` of a
        /// [`CreatedPerson`](crate::accounts::CreatedPerson).
        person_id: impl Into<String>,
    }
}

impl Endpoint for UploadAccountFile {
    type Output = Acknowledgement;
    const ID: &'static str = "accounts.upload_file";
    const ROUTE: Route<Self> = route!(POST "/accounts/files");

    fn validate(&self) -> Result<(), InputError> {
        validate::not_empty("file", self.file.expose())?;
        validate::not_empty("account_id", &self.account_id)?;
        self.person_id.as_deref().map_or(Ok(()), |id| validate::not_empty("person_id", id))
    }

    fn body(&self) -> Result<Body<'_>, InputError> {
        Body::json(self)
    }

    fn parse(&self, response: &Response) -> Result<Acknowledgement, ResponseError> {
        error::acknowledgement(response)
    }
}

/// # Account documents
///
/// See the module [`accounts`](crate::accounts) and the example on
/// [`UploadAccountFile`](crate::accounts::UploadAccountFile).
impl Client {
    /// Uploads a document for an account, or for a person who is connected with the account.
    /// Experimental: the endpoint is known only from the provider's Postman collection.
    ///
    /// See the example in the module [`accounts`](crate::accounts).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn upload_account_file(&self, request: &UploadAccountFile) -> Result<Acknowledgement> {
        self.send(request)
    }
}
