//! Pages of any list, for `api --paginate`. They are read as JSON, without the types of the
//! library.

use std::borrow::Cow;

use api_auth::{
    Credential, Endpoint, ErrorKind, Extent, Method, NumberedPages, Paged, Params, Response,
    ResponseError, Route,
};

use crate::context::Pages;
use crate::exit::{Exit, Failure};
use crate::json::Json;

/// A request for one page of a list.
#[derive(Debug, Clone)]
pub(crate) struct RawPage {
    id: &'static str,
    path: String,
    pages: &'static Pages,
    params: Vec<(String, String)>,
    number: u32,
    credential: Credential,
}

/// The ids of the entries of a page, and the size of the list if the response contains it.
#[derive(Debug)]
pub(crate) struct RawEntries {
    /// The id of each entry, or `None` for an entry without an id.
    ids: Vec<Option<String>>,
    total: Option<u64>,
    limit: Option<u32>,
}

impl RawPage {
    pub(crate) fn new(id: &'static str, path: &str, pages: &'static Pages) -> Self {
        let (path, params) = (path.to_owned(), Vec::new());
        Self { id, path, pages, params, number: pages.first, credential: Credential::MAIN }
    }

    /// Adds a query parameter. The parameter for the page number sets the first page to request.
    pub(crate) fn param(mut self, name: String, value: String) -> Result<Self, Failure> {
        if name == self.pages.parameter {
            self.number = value.parse().map_err(|_| {
                Failure::new(Exit::Usage, format!("{name}: {value:?} is not a page number"))
            })?;
        } else {
            self.params.push((name, value));
        }
        Ok(self)
    }

    pub(crate) fn with_credential(mut self, credential: Credential) -> Self {
        self.credential = credential;
        self
    }
}

impl Endpoint for RawPage {
    type Output = RawEntries;
    const ID: &'static str = "raw";
    const ROUTE: Route<Self> = Route::<Self>::get("/").path(|page| (&page.path).into());

    fn id(&self) -> &'static str {
        self.id
    }

    fn method(&self) -> Method {
        Method::GET
    }

    fn path(&self) -> Cow<'_, str> {
        (&self.path).into()
    }

    fn credential(&self) -> Credential {
        self.credential
    }

    fn query<'a>(&'a self, params: &mut Params<'a>) {
        for (name, value) in &self.params {
            params.push(name.as_str(), value.as_str());
        }
        params.push(self.pages.parameter, self.number.to_string());
    }

    fn parse(&self, response: &Response) -> Result<RawEntries, ResponseError> {
        let text = String::from_utf8_lossy(response.body());
        let Ok(json) = Json::parse(text.trim_start_matches('\u{feff}')) else {
            return Err(
                ResponseError::new(ErrorKind::Decode).with_message("the response is not JSON")
            );
        };
        let number = |name: &str| json.get(name).map(Json::cell);
        let lists = self.pages.lists.iter().filter_map(|path| match json.get(path) {
            Some(Json::List(entries)) => Some(entries),
            _ => None,
        });
        let lists: Vec<_> = lists.collect();
        if lists.is_empty() {
            let problem = format!("the response has no list `{}`", self.pages.lists.join("` or `"));
            return Err(ResponseError::new(ErrorKind::Decode).with_message(problem));
        }
        let ids = lists
            .into_iter()
            .flatten()
            .map(|entry| entry.get(self.pages.id).map(Json::cell))
            .collect();
        let total = number("total").and_then(|total| total.parse().ok());
        let limit = number("limit").and_then(|limit| limit.parse().ok()).filter(|limit| *limit > 0);
        Ok(RawEntries { ids, total, limit })
    }
}

impl Paged for RawPage {
    type Item = Option<String>;

    fn next(&self, page: &RawEntries) -> Option<Self> {
        let more = !page.ids.is_empty() && self.extent(page).promises_more(page.ids.len());
        Some(self.with_page_number(self.number.checked_add(1).filter(|_| more)?))
    }

    fn items(page: RawEntries) -> Vec<Option<String>> {
        page.ids
    }

    fn item_id(id: &Option<String>) -> Option<&str> {
        id.as_deref()
    }

    fn extent(&self, page: &RawEntries) -> Extent {
        match page.limit {
            Some(limit) => {
                let index = self.number.saturating_sub(self.pages.first);
                Extent::of_page(index, limit).with_total(page.total)
            }
            // If the page size is unknown, each page with entries may be followed by another one.
            None => Extent::default(),
        }
    }
}

impl NumberedPages for RawPage {
    fn page_number(&self) -> u32 {
        self.number
    }

    fn with_page_number(&self, number: u32) -> Self {
        Self { number, ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_size_of_0_in_a_response_is_ignored() {
        static PAGES: Pages =
            Pages { endpoint: "list", parameter: "page", first: 1, lists: &["list"], id: "id" };
        let page = RawPage::new("list", "/list", &PAGES).with_page_number(3);
        let parsed = |json: &str| page.parse(&Response::new(json.into())).unwrap();
        let full = parsed(r#"{"list":[{"id":1}],"limit":0,"total":250}"#);
        assert_eq!(page.extent(&full), Extent::default());
        assert_eq!(page.next(&full).map(|next| next.number), Some(4));
        assert!(page.next(&parsed(r#"{"list":[],"limit":0,"total":250}"#)).is_none());
    }
}
