//! TinyPass: each request is signed, so no token is requested.

use std::time::Duration;

use tinypass_client::access::GetAccess;
use tinypass_client::download::GetDownload;
use tinypass_client::subscription::CancelSubscription;
use tinypass_client::user::GetUser;
use tinypass_client::{
    Client, Environment, GetDownloadUrl, GrantAccess, RevokeAccess, SearchAccess,
    SearchSubscriptions,
};

use super::{AnyClient, Provider, calls, configured};

pub(super) const ROW: Provider = Provider {
    name: "tinypass",
    calls: || {
        calls![
            GetAccess::new("premium-content", "user_42"),
            SearchAccess::new().rid("premium-content"),
            GrantAccess::new("premium-content", "reader@example.org"),
            RevokeAccess::new("premium-content", "user_42"),
            SearchSubscriptions::new().rid("premium-content"),
            CancelSubscription::new("premium-content", "user_42"),
            GetDownloadUrl::for_lifetime("ebook-1", Duration::from_secs(60)),
            GetDownload::new("ebook-1"),
            GetUser::new("kjkxrNWUyD"),
        ]
    },
    client: |base, options| {
        let builder = Client::builder("AIDAIDAID0", "CANARY-private-key-0123456789");
        let builder = builder.environment(Environment::Custom(base.to_owned()));
        configured!(builder, options).build().map(AnyClient::TinyPass)
    },
    grant: None,
};
