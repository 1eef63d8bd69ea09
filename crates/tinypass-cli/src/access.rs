//! `tinypass access`.

use std::time::Duration;

use clap::{Args, Subcommand};
use cli_support::args::duration;
use cli_support::output::Column;
use cli_support::{Context, Exit, Failure, Json, Limits, Run, WithJson};
use tinypass_client::access::GetAccess;
use tinypass_client::{GrantAccess, RevokeAccess, SearchAccess};

use crate::provider::{TinyPass, after, now, text};

#[derive(Debug, Subcommand)]
pub(crate) enum Access {
    /// Check the access of a user to a resource; exit status 1 if there is none
    Get {
        /// Id of the resource
        rid: String,
        /// Your reference for the user, or the uid
        user: String,
    },
    /// List access records
    List(List),
    /// Grant access to a resource
    Grant(Grant),
    /// Revoke the access of a user to a resource
    Revoke {
        /// Id of the resource
        rid: String,
        /// Your reference for the user, or the uid
        user: String,
        /// Refund the price
        #[arg(long)]
        refund: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct List {
    /// Records of this resource
    #[arg(long)]
    rid: Option<String>,
    /// Records of this user
    #[arg(long)]
    user: Option<String>,
    /// Records of the user with this e-mail address
    #[arg(long)]
    email: Option<String>,
    /// Records of resources with this tag
    #[arg(long)]
    tag: Option<String>,
    /// Include expired records
    #[arg(long)]
    expired: bool,
    #[command(flatten)]
    limits: Limits,
}

#[derive(Debug, Args)]
pub(crate) struct Grant {
    /// Id of the resource
    rid: String,
    /// E-mail address of the user
    email: String,
    /// Your reference for the user, by which access is checked later
    #[arg(long)]
    user: Option<String>,
    /// Expire after this time, such as `30d`
    #[arg(long, value_name = "TIME", value_parser = duration)]
    expires_after: Option<Duration>,
    /// Message for the e-mail to the user
    #[arg(long, value_name = "TEXT")]
    message: Option<String>,
    /// Send no e-mail
    #[arg(long)]
    no_email: bool,
}

const COLUMNS: &[Column] = &[
    ("id", "id"),
    ("resource", "rid"),
    ("user", "user_ref"),
    ("email", "user_email"),
    ("expires", "expires"),
];

impl Run<TinyPass> for Access {
    fn run(self, context: &Context<TinyPass>) -> Result<Exit, Failure> {
        match self {
            Self::Get { rid, user } => {
                let request = WithJson::new(GetAccess::new(rid, user));
                let Some(reply) = context.send(request)? else { return Ok(Exit::Done) };
                match reply.value {
                    Some(access) if access.is_active(now()) => {
                        context.output.value(&reply.body)?;
                        Ok(Exit::Done)
                    }
                    Some(_) => {
                        context.output.value(&reply.body)?;
                        context.note("access has expired");
                        Ok(Exit::No)
                    }
                    None => {
                        context.note("no access");
                        Ok(Exit::No)
                    }
                }
            }
            Self::List(list) => list.run(context),
            Self::Grant(grant) => grant.run(context),
            Self::Revoke { rid, user, refund } => {
                let what = if refund { "revoke and refund" } else { "revoke" };
                context.confirm(&format!("{what} the access of {user} to {rid}"))?;
                let mut request = RevokeAccess::new(rid, user);
                if refund {
                    request = request.refund(true);
                }
                acknowledged(context, WithJson::new(request))
            }
        }
    }
}

/// Sends a write. A response without a body is shown as `{"success":true}`.
pub(crate) fn acknowledged<E: cli_support::api_auth::Endpoint>(
    context: &Context<TinyPass>,
    request: WithJson<E>,
) -> Result<Exit, Failure> {
    if let Some(reply) = context.send(request)? {
        let success = Json::Object(vec![("success".to_owned(), Json::Other("true".to_owned()))]);
        let is_json = Json::parse(&reply.body).is_ok();
        context.output.value(&if is_json { reply.body } else { success.to_string() })?;
    }
    Ok(Exit::Done)
}

impl List {
    fn run(self, context: &Context<TinyPass>) -> Result<Exit, Failure> {
        let mut request = SearchAccess::new().page(0).page_size(self.limits.page_size(1000));
        if let Some(rid) = self.rid {
            request = request.rid(rid);
        }
        if let Some(user) = self.user {
            request = request.user_ref(user);
        }
        if let Some(email) = self.email {
            request = request.email(email);
        }
        if let Some(tag) = self.tag {
            request = request.tag(tag);
        }
        if self.expired {
            request = request.show_expired(true);
        }
        context.list(WithJson::page(request, &["data"]), &self.limits, COLUMNS)
    }
}

impl Grant {
    fn run(self, context: &Context<TinyPass>) -> Result<Exit, Failure> {
        let mut request = GrantAccess::new(self.rid, self.email);
        if let Some(user) = self.user {
            request = request.user_ref(user);
        }
        if let Some(time) = self.expires_after {
            request = request.expires(after(time)?);
        }
        if let Some(message) = self.message {
            request = request.message(message);
        }
        if self.no_email {
            request = request.suppress_email(true);
        }
        acknowledged(context, WithJson::new(request))
    }
}

/// Writes one text as a value.
pub(crate) fn single(
    context: &Context<TinyPass>,
    name: &str,
    value: &str,
) -> Result<Exit, Failure> {
    let json = Json::Object(vec![(name.to_owned(), text(value))]);
    match context.output.format() {
        cli_support::output::Format::Table => context.output.text(value)?,
        _ => context.output.value(&json.to_string())?,
    }
    Ok(Exit::Done)
}
