//! Reports and their files.

use api_auth::{
    Endpoint, ExtraFields, InputError, Items, Paged, Params, Response, ResponseError, Result,
    Route, route, setters, wire, wire_enum,
};
use serde::{Deserialize, Serialize};

use crate::{Client, File, ResultStatus, error, paging, validate};

wire_enum! {
    /// In which order reports come.
    ///
    /// Source: the official PHP client; no documentation names it.
    pub enum SortDirection {
        /// Upwards; the default.
        Ascending = "ASC",
        /// Downwards.
        Descending = "DESC",
    }
}

/// A report. No source shows its form, so all but its id is kept as it came.
///
/// Source: none shows the answer; the call is known from the official PHP client.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Report {
    /// Its id.
    #[serde(default, deserialize_with = "wire::text")]
    pub id: Option<String>,
    /// Fields that this type does not cover.
    #[serde(flatten)]
    pub extra: ExtraFields,
}

/// A page of reports. No source shows its form: where the list is found is a guess, and `extra`
/// has everything that came.
///
/// Source: none shows the answer; the call is known from the official PHP client.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ReportPage {
    /// The result of the call.
    #[serde(default)]
    pub result: Option<ResultStatus>,
    /// The server's id of the request, for its support.
    #[serde(default, deserialize_with = "wire::text")]
    pub request_id: Option<String>,
    /// The reports, if they came under `reports`, `list` or `data`.
    #[serde(default, alias = "list", alias = "data", deserialize_with = "wire::list")]
    pub reports: Vec<Report>,
    /// How many there are on all pages.
    #[serde(default, deserialize_with = "wire::integer")]
    pub total: Option<i64>,
    /// Fields that this type does not cover.
    #[serde(flatten)]
    pub extra: ExtraFields,
}

/// `GET /reports`: reports, a page at a time.
///
/// Experimental: its answer is not documented, so all of it is kept.
///
/// Source: the official PHP client; no documentation names it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListReports {
    page: Option<u32>,
    page_size: Option<u32>,
    sort_direction: Option<SortDirection>,
}

impl ListReports {
    /// All of them.
    pub fn new() -> Self {
        Self::default()
    }

    setters! {
        /// The page, from 1.
        page: u32,
        /// The reports of a page. The server's default is 20.
        page_size: u32,
        /// In which order they come.
        sort_direction: impl Into<SortDirection>,
    }
}

impl Endpoint for ListReports {
    type Output = ReportPage;
    const ID: &'static str = "reports.list";
    const ROUTE: Route<Self> = route!(GET "/reports");

    fn validate(&self) -> Result<(), InputError> {
        if self.page_size == Some(0) {
            return Err(InputError::new("page_size", "must be at least 1"));
        }
        validate::known("sort_direction", self.sort_direction.as_ref().map(SortDirection::is_known))
    }

    fn query<'a>(&'a self, params: &mut Params<'a>) {
        params
            .push_some("page", self.page.map(|value| value.to_string()))
            .push_some("pageSize", self.page_size.map(|value| value.to_string()))
            .push_some("sortDirection", self.sort_direction.as_ref().map(SortDirection::as_str));
    }

    fn parse(&self, response: &Response) -> Result<ReportPage, ResponseError> {
        error::answer(response, &[])
    }
}

impl ListReports {
    /// With a page size written out, as large as allowed.
    pub(crate) fn full_pages(mut self) -> Self {
        self.page_size.get_or_insert(100);
        self
    }
}

impl Paged for ListReports {
    type Item = Report;

    fn next(&self, page: &ReportPage) -> Option<Self> {
        let size = self.page_size.or(Some(20));
        let next = paging::next(self.page, size, page.reports.len(), None, page.total)?;
        Some(self.clone().page(next))
    }

    fn items(page: ReportPage) -> Vec<Report> {
        page.reports
    }

    fn item_id(report: &Report) -> Option<&str> {
        report.id.as_deref()
    }
}

/// `GET /reports/{reportId}/files/{fileId}`: a file of a report. It is held in memory: see the
/// builder's `response_limit`.
///
/// Experimental: its answer is not documented, so all of it is kept.
///
/// Source: the official PHP client; no documentation names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetReportFile {
    report_id: String,
    file_id: String,
}

impl GetReportFile {
    /// By the ids of the report and the file.
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

impl Client {
    /// One page of reports. Experimental.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn list_reports(&self, request: &ListReports) -> Result<ReportPage> {
        self.send(request)
    }

    /// All reports, one page after the other, each entry once. Nothing is sent before the
    /// iterator is advanced; a search without a size asks for 100 entries a page. Experimental.
    pub fn reports(&self, request: &ListReports) -> Items<ListReports> {
        Items::new(self.core.clone(), request.clone().full_pages())
    }

    /// A file of a report. Experimental.
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
