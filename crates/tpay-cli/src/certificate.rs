//! The command `tpay certificate`: prints the certificates for verifying notifications.

use clap::Subcommand;
use cli_support::{Context, Exit, Failure, Run, WithJson};
use tpay_client::certificates::{GetRootCertificates, GetSigningCertificate};

use crate::provider::Tpay;

#[derive(Debug, Subcommand)]
pub(crate) enum Certificate {
    /// Print the certificate of the key that signs notifications
    Signing,
    /// Print the root certificates for verifying the signing certificate
    Root,
}

impl Run<Tpay> for Certificate {
    fn run(self, context: &Context<Tpay>) -> Result<Exit, Failure> {
        context.settings_without_credentials()?;
        let pem = match self {
            Self::Signing => context.send(WithJson::new(GetSigningCertificate::new()))?,
            Self::Root => context.send(WithJson::new(GetRootCertificates::new()))?,
        };
        if let Some(reply) = pem {
            context.output.bytes(reply.value.as_bytes())?;
        }
        Ok(Exit::Done)
    }
}
