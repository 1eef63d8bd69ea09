//! Dictionaries of the ids that are used in account requests: sale categories, legal forms,
//! document types, and merchant category codes (MCC).
//!
//! ```no_run
//! use tpay_client::Client;
//!
//! for entry in Client::from_env()?.list_legal_forms()?.list {
//!     println!("{:?} {:?}", entry.id, entry.name);
//! }
//! # Ok::<(), tpay_client::Error>(())
//! ```

use api_auth::{Endpoint, ExtraFields, Response, ResponseError, Result, Route, route};
use serde::{Deserialize, Serialize};

use crate::common::ResultStatus;
use crate::id::id;
use crate::{Client, error};

id! {
    /// The id of a sale category. Create it from a number: `CategoryId::from(2)`.
    ///
    /// See the example in the module [`dictionaries`](crate::dictionaries).
    ///
    /// Source: the provider's API reference, `GET /accounts/category/{categoryId}`.
    pub struct CategoryId;
}

id! {
    /// The id of a legal form. Create it from a number: `LegalFormId::from(2)`.
    ///
    /// See the example in the module [`dictionaries`](crate::dictionaries).
    ///
    /// Source: the provider's API reference, `GET /accounts/legalForm/{legalFormId}`.
    pub struct LegalFormId;
}

id! {
    /// The id of a document type. Create it from a number: `DocumentTypeId::from(2)`.
    ///
    /// See the example in the module [`dictionaries`](crate::dictionaries).
    ///
    /// Source: the provider's API reference, `GET /accounts/document/{documentTypeId}`.
    pub struct DocumentTypeId;
}

/// An entry of a dictionary: a sale category, a legal form, a document type or a merchant category
/// code (MCC).
///
/// See the example in the module [`dictionaries`](crate::dictionaries).
///
/// Source: the provider's API reference, `GET /accounts/category`, `GET /accounts/legalForm`,
/// `GET /accounts/document`, the same endpoints with an id, and `GET /accounts/mcc`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DictionaryEntry {
    /// The result of the request, such as `success`. Absent in the entries of a list.
    #[serde(default)]
    pub result: Option<ResultStatus>,
    /// The request id that the server assigned. Absent in the entries of a list.
    pub request_id: Option<String>,
    /// The id of the entry, such as 60.
    pub id: Option<i64>,
    /// The name of the entry, such as `Books`.
    pub name: Option<String>,
    /// The merchant category code (MCC) of up to 6 characters, such as `5942`. Set only in the
    /// response to [`ListMcc`].
    pub code: Option<String>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

/// The response that contains the entries of a dictionary.
///
/// See the example in the module [`dictionaries`](crate::dictionaries).
///
/// Source: the provider's API reference, `GET /accounts/category`, `GET /accounts/legalForm`,
/// `GET /accounts/document` and `GET /accounts/mcc`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Dictionary {
    /// The result of the request, such as `success`.
    #[serde(default)]
    pub result: Option<ResultStatus>,
    /// The request id that the server assigned, 20 hex digits. Tpay's support team asks for it.
    pub request_id: Option<String>,
    /// The entries on this page.
    #[serde(default)]
    pub list: Vec<DictionaryEntry>,
    /// The number of this page, counted from 1.
    pub page: Option<i64>,
    /// The maximum number of entries per page.
    pub limit: Option<i64>,
    /// The total number of entries on all pages.
    pub total: Option<i64>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

/// `GET /accounts/category`: lists the sale categories.
///
/// See the example in the module [`dictionaries`](crate::dictionaries).
///
/// Source: the provider's API reference, `GET /accounts/category`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListCategories {}

impl ListCategories {
    /// Creates a request for all sale categories.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Endpoint for ListCategories {
    type Output = Dictionary;
    const ID: &'static str = "accounts.categories";
    const ROUTE: Route<Self> = route!(GET "/accounts/category");

    fn parse(&self, response: &Response) -> Result<Dictionary, ResponseError> {
        error::success(response, &["list"])
    }
}

/// `GET /accounts/category/{categoryId}`: returns a sale category.
///
/// See the example in the module [`dictionaries`](crate::dictionaries).
///
/// Source: the provider's API reference, `GET /accounts/category/{categoryId}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetCategory {
    category_id: CategoryId,
}

impl GetCategory {
    /// Creates a request for the sale category with this id.
    pub fn new(category_id: impl Into<CategoryId>) -> Self {
        Self { category_id: category_id.into() }
    }
}

impl Endpoint for GetCategory {
    type Output = DictionaryEntry;
    const ID: &'static str = "accounts.category";
    const ROUTE: Route<Self> = route!(GET "/accounts/category/{categoryId}", category_id);

    fn parse(&self, response: &Response) -> Result<DictionaryEntry, ResponseError> {
        error::success(response, &["id"])
    }
}

/// `GET /accounts/legalForm`: lists the legal forms.
///
/// See the example in the module [`dictionaries`](crate::dictionaries).
///
/// Source: the provider's API reference, `GET /accounts/legalForm`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListLegalForms {}

impl ListLegalForms {
    /// Creates a request for all legal forms.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Endpoint for ListLegalForms {
    type Output = Dictionary;
    const ID: &'static str = "accounts.legal_forms";
    const ROUTE: Route<Self> = route!(GET "/accounts/legalForm");

    fn parse(&self, response: &Response) -> Result<Dictionary, ResponseError> {
        error::success(response, &["list"])
    }
}

/// `GET /accounts/legalForm/{legalFormId}`: returns a legal form.
///
/// See the example in the module [`dictionaries`](crate::dictionaries).
///
/// Source: the provider's API reference, `GET /accounts/legalForm/{legalFormId}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetLegalForm {
    legal_form_id: LegalFormId,
}

impl GetLegalForm {
    /// Creates a request for the legal form with this id.
    pub fn new(legal_form_id: impl Into<LegalFormId>) -> Self {
        Self { legal_form_id: legal_form_id.into() }
    }
}

impl Endpoint for GetLegalForm {
    type Output = DictionaryEntry;
    const ID: &'static str = "accounts.legal_form";
    const ROUTE: Route<Self> = route!(GET "/accounts/legalForm/{legalFormId}", legal_form_id);

    fn parse(&self, response: &Response) -> Result<DictionaryEntry, ResponseError> {
        error::success(response, &["id"])
    }
}

/// `GET /accounts/document`: lists the document types.
///
/// See the example in the module [`dictionaries`](crate::dictionaries).
///
/// Source: the provider's API reference, `GET /accounts/document`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListDocuments {}

impl ListDocuments {
    /// Creates a request for all document types.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Endpoint for ListDocuments {
    type Output = Dictionary;
    const ID: &'static str = "accounts.documents";
    const ROUTE: Route<Self> = route!(GET "/accounts/document");

    fn parse(&self, response: &Response) -> Result<Dictionary, ResponseError> {
        error::success(response, &["list"])
    }
}

/// `GET /accounts/document/{documentTypeId}`: returns a document type.
///
/// See the example in the module [`dictionaries`](crate::dictionaries).
///
/// Source: the provider's API reference, `GET /accounts/document/{documentTypeId}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetDocument {
    document_type_id: DocumentTypeId,
}

impl GetDocument {
    /// Creates a request for the document type with this id.
    pub fn new(document_type_id: impl Into<DocumentTypeId>) -> Self {
        Self { document_type_id: document_type_id.into() }
    }
}

impl Endpoint for GetDocument {
    type Output = DictionaryEntry;
    const ID: &'static str = "accounts.document";
    const ROUTE: Route<Self> = route!(GET "/accounts/document/{documentTypeId}", document_type_id);

    fn parse(&self, response: &Response) -> Result<DictionaryEntry, ResponseError> {
        error::success(response, &["id"])
    }
}

/// `GET /accounts/mcc`: lists the merchant category codes.
///
/// See the example in the module [`dictionaries`](crate::dictionaries).
///
/// Source: the provider's API reference, `GET /accounts/mcc`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListMcc {}

impl ListMcc {
    /// Creates a request for all merchant category codes.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Endpoint for ListMcc {
    type Output = Dictionary;
    const ID: &'static str = "accounts.mcc";
    const ROUTE: Route<Self> = route!(GET "/accounts/mcc");

    fn parse(&self, response: &Response) -> Result<Dictionary, ResponseError> {
        if api_auth::json_start(response) == Some(b'[') {
            return Ok(Dictionary { list: api_auth::json(response)?, ..Dictionary::default() });
        }
        error::success(response, &["list"])
    }
}

/// # Dictionaries
///
/// See the module [`dictionaries`](crate::dictionaries), which contains an example.
impl Client {
    /// Returns the sale categories.
    ///
    /// See the example in the module [`dictionaries`](crate::dictionaries).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn list_categories(&self) -> Result<Dictionary> {
        self.send(&ListCategories::new())
    }

    /// Returns the sale category with this id.
    ///
    /// See the example in the module [`dictionaries`](crate::dictionaries).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_category(&self, category_id: impl Into<CategoryId>) -> Result<DictionaryEntry> {
        self.send(&GetCategory::new(category_id))
    }

    /// Returns the legal forms.
    ///
    /// See the example in the module [`dictionaries`](crate::dictionaries).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn list_legal_forms(&self) -> Result<Dictionary> {
        self.send(&ListLegalForms::new())
    }

    /// Returns the legal form with this id.
    ///
    /// See the example in the module [`dictionaries`](crate::dictionaries).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_legal_form(&self, legal_form_id: impl Into<LegalFormId>) -> Result<DictionaryEntry> {
        self.send(&GetLegalForm::new(legal_form_id))
    }

    /// Returns the document types.
    ///
    /// See the example in the module [`dictionaries`](crate::dictionaries).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn list_documents(&self) -> Result<Dictionary> {
        self.send(&ListDocuments::new())
    }

    /// Returns the document type with this id.
    ///
    /// See the example in the module [`dictionaries`](crate::dictionaries).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_document(
        &self,
        document_type_id: impl Into<DocumentTypeId>,
    ) -> Result<DictionaryEntry> {
        self.send(&GetDocument::new(document_type_id))
    }

    /// Returns the merchant category codes (MCC).
    ///
    /// See the example in the module [`dictionaries`](crate::dictionaries).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn list_mcc(&self) -> Result<Dictionary> {
        self.send(&ListMcc::new())
    }
}
