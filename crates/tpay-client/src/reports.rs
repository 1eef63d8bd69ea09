//! Reports and their files. Experimental: these endpoints are not documented.
//!
//! ```no_run
//! use tpay_client::Client;
//! use tpay_client::reports::ListReports;
//!
//! for report in Client::from_env()?.reports(&ListReports::new()) {
//!     println!("{:?}", report?.id);
//! }
//! # Ok::<(), tpay_client::Error>(())
//! ```

use api_auth::{
    Endpoint, Extent, ExtraFields, InputError, Items, NumberedPages, Paged, Params, Response,
    ResponseError, Result, Route, route, setters, wire_enum,
};
use serde::{Deserialize, Serialize};

use crate::common::{File, ResultStatus};
use crate::{Client, error, paging, validate};

wire_enum! {
    /// The sort order of reports.
    ///
    /// See the example in the module [`reports`](crate::reports).
    ///
    /// Source: the official PHP client; not documented.
    pub enum SortDirection {
        /// Ascending order. This is the default.
        Ascending = "ASC",
        /// Descending order.
        Descending = "DESC",
    }
}

/// A report. Its format is not documented, so all fields except the id are in `extra`.
///
/// See the example in the module [`reports`](crate::reports).
///
/// Source: the official PHP client, which contains only the endpoint and not the response.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Report {
    /// The id of the report.
    pub id: Option<String>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

/// A page of reports. Its format is not documented: the name of the list is assumed, and `extra`
/// contains all other fields.
///
/// See the example in the module [`reports`](crate::reports).
///
/// Source: the official PHP client, which contains only the endpoint and not the response.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ReportPage {
    /// The result of the request, such as `success`.
    #[serde(default)]
    pub result: Option<ResultStatus>,
    /// The request id that the server assigned, 20 hex digits. Tpay's support team asks for it.
    pub request_id: Option<String>,
    /// The reports, in a field named `reports`, `list` or `data`.
    #[serde(default, alias = "list", alias = "data")]
    pub reports: Vec<Report>,
    /// The total number of reports on all pages.
    pub total: Option<i64>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

/// `GET /reports`: returns one page of reports.
///
/// Experimental: the response is not documented.
///
/// See the example in the module [`reports`](crate::reports).
///
/// Source: the official PHP client; not documented.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListReports {
    page: Option<u32>,
    page_size: Option<u32>,
    sort_direction: Option<SortDirection>,
}

impl ListReports {
    /// Creates a request for the first page of the reports.
    pub fn new() -> Self {
        Self::default()
    }

    setters! {
        /// Sets the number of the page, counted from 1. Defaults to 1.
        page: u32,
        /// Sets the number of reports per page. The server's default is 20.
        page_size: u32,
        /// Sets the sort order. The server's default is ascending.
        sort_direction: impl Into<SortDirection>,
    }
}

impl Endpoint for ListReports {
    type Output = ReportPage;
    const ID: &'static str = "reports.list";
    const ROUTE: Route<Self> = route!(GET "/reports");

    fn validate(&self) -> Result<(), InputError> {
        paging::validate_page(self.page)?;
        if self.page_size == Some(0) {
            return Err(InputError::new("page_size", "must be at least 1"));
        }
        validate::known("sort_direction", self.sort_direction.as_ref(), SortDirection::KNOWN)
    }

    fn query<'a>(&'a self, params: &mut Params<'a>) {
        params
            .push_some("page", self.page.map(|value| value.to_string()))
            .push_some("pageSize", self.page_size.map(|value| value.to_string()))
            .push_some("sortDirection", self.sort_direction.as_ref().map(SortDirection::as_str));
    }

    fn parse(&self, response: &Response) -> Result<ReportPage, ResponseError> {
        error::success(response, &[])
    }
}

impl ListReports {
    /// Sets the page size to 100 if no page size is set.
    pub(crate) fn full_pages(mut self) -> Self {
        self.page_size.get_or_insert(100);
        self
    }
}

impl Paged for ListReports {
    type Item = Report;

    fn next(&self, page: &ReportPage) -> Option<Self> {
        let more = paging::has_more(self.extent(page), None, page.reports.len());
        let next = self.page_number().checked_add(1).filter(|_| more)?;
        Some(self.clone().page(next))
    }

    fn extent(&self, page: &ReportPage) -> Extent {
        paging::extent(self.page_number(), self.page_size.unwrap_or(20), None, page.total)
    }

    fn items(page: ReportPage) -> Vec<Report> {
        page.reports
    }

    fn item_id(report: &Report) -> Option<&str> {
        report.id.as_deref()
    }
}

impl NumberedPages for ListReports {
    fn page_number(&self) -> u32 {
        self.page.unwrap_or(1)
    }

    fn with_page_number(&self, number: u32) -> Self {
        self.clone().page(number)
    }
}

/// `GET /reports/{reportId}/files/{fileId}`: returns a file of a report. The file is read into
/// memory. Its maximum size is set with
/// [`ClientBuilder::response_limit`](crate::ClientBuilder::response_limit).
///
/// Experimental: the response is not documented.
///
/// See the example in the module [`reports`](crate::reports).
///
/// Source: the official PHP client; not documented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetReportFile {
    report_id: String,
    file_id: String,
}

impl GetReportFile {
    /// Creates a request for the file `file_id` of the report `report_id`.
    pub fn new(report_id: impl Into<String>, file_id: impl Into<String>) -> Self {
        Self { report_id: report_id.into(), file_id: file_id.into() }
    }
}

impl Endpoint for GetReportFile {
    type Output = File;
    const ID: &'static str = "reports.file";
    const ROUTE: Route<Self> =
        route!(GET "/reports/{reportId}/files/{fileId}", report_id, file_id).accept("*/*");

    fn parse(&self, response: &Response) -> Result<File, ResponseError> {
        File::any(response)
    }
}

/// # Reports
///
/// Experimental: these endpoints are not documented. See the module [`reports`](crate::reports),
/// which contains an example.
impl Client {
    /// Returns one page of reports. Experimental: the endpoint is not documented.
    ///
    /// See the example in the module [`reports`](crate::reports).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn list_reports(&self, request: &ListReports) -> Result<ReportPage> {
        self.send(request)
    }

    /// Returns an iterator over all reports. The iterator requests page after page and returns each
    /// entry once. Experimental: the endpoint is not documented.
    ///
    /// No request is sent before the iterator is advanced. If no page size is set, the iterator
    /// requests 100 entries per page.
    ///
    /// [`concurrent`](Items::concurrent) requests several pages at a time. If entries may be
    /// missing because the list changed while it was read, the last item is an error of kind
    /// [`Incomplete`](crate::ErrorKind::Incomplete).
    ///
    /// See the example in the module [`reports`](crate::reports).
    pub fn reports(&self, request: &ListReports) -> Items<ListReports> {
        Items::new(self.core.clone(), request.clone().full_pages())
    }

    /// Returns a file of a report. Experimental: the endpoint is not documented.
    ///
    /// See the example in the module [`reports`](crate::reports).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_report_file(
        &self,
        report_id: impl Into<String>,
        file_id: impl Into<String>,
    ) -> Result<File> {
        self.send(&GetReportFile::new(report_id, file_id))
    }
}
