//! Handles the endpoints `reports.*`, which list reports and return their files. The endpoints are
//! known only from the official PHP client, so this server uses response formats of its own.

use serde_json::json;

use super::check::Refusal;
use super::{ApiResult, Ask, Out, REPORT_FILE_ID, REPORT_ID, Tpay};

const FILE: &str = "date;title;amount\r\n2026-01-01;TR-SBX-0000001;12.34\r\n";

impl Tpay {
    pub(super) fn reports_list(&self, ask: &Ask) -> ApiResult {
        ask.only(&["page", "pageSize", "sortDirection"])?;
        let page = ask.number("page", 1, u64::MAX)?;
        let size = ask.number("pageSize", 20, 100)?;
        let order = ask.one_of("sortDirection", &["ASC", "DESC"])?;
        let mut reports: Vec<_> = [REPORT_ID, "rep_2", "rep_3"]
            .iter()
            .map(|id| {
                let files = json!([{ "id": REPORT_FILE_ID, "name": format!("{id}.csv") }]);
                json!({ "id": id, "name": "Settlements", "files": files })
            })
            .collect();
        if order == Some("DESC") {
            reports.reverse();
        }
        let total = reports.len();
        let reports = super::Page { page, limit: size }.cut(reports);
        Ok(Out::Wrapped(
            json!({ "reports": reports, "page": page, "pageSize": size, "total": total }),
        ))
    }

    pub(super) fn reports_file(&self, ask: &Ask) -> ApiResult {
        ask.only(&[])?;
        let known = ["rep_1", "rep_2", "rep_3"].contains(&ask.value(0));
        if !known || ask.value(1) != REPORT_FILE_ID {
            return Err(Refusal::unknown("file"));
        }
        Ok(Out::Bytes("text/csv; charset=utf-8", FILE.into()))
    }
}
