//! The command `tpay report`: lists and downloads reports.

use clap::Subcommand;
use cli_support::{Context, Exit, Failure, Limits, Run, WithJson};
use tpay_client::reports::{GetReportFile, ListReports};

use crate::provider::Tpay;

#[derive(Debug, Subcommand)]
pub(crate) enum Report {
    /// List reports
    List {
        #[command(flatten)]
        limits: Limits,
    },
    /// Download a file of a report (use --out)
    Download {
        /// Id of the report
        report: String,
        /// Id of the file
        file: String,
    },
}

impl Run<Tpay> for Report {
    fn run(self, context: &Context<Tpay>) -> Result<Exit, Failure> {
        match self {
            Self::List { limits } => {
                let request = ListReports::new().page_size(limits.page_size(100));
                let lists = &["reports", "list", "data"];
                context.list(WithJson::page(request, lists), &limits, &[("id", "id")])
            }
            Self::Download { report, file } => {
                context.output.check_binary("the report")?;
                let request = WithJson::new(GetReportFile::new(report, file));
                if let Some(reply) = context.send(request)? {
                    context.output.bytes(&reply.value.bytes)?;
                }
                Ok(Exit::Done)
            }
        }
    }
}
