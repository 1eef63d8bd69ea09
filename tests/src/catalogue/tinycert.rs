//! TinyCert: a session is opened first. Its token is in each body.

use tinycert_client::ca::{DeleteCa, GetCa, GetCaDetails, ListCas};
use tinycert_client::cert::{
    GetCert, GetCertDetails, ListCerts, ReissueCert, SetCertStatus, StatusMask,
};
use tinycert_client::session::{Connect, Disconnect};
use tinycert_client::{
    CaId, CertId, CertPart, CertStatus, Client, CreateCa, CreateCert, Environment, San,
};

use super::{AnyClient, Provider, calls, configured};

const CA: CaId = CaId::new(561);
const CERT: CertId = CertId::new(14236);
const EMAIL: &str = "account@example.com";
const PASSPHRASE: &str = "CANARY-passphrase";

pub(super) const ROW: Provider = Provider {
    name: "tinycert",
    calls: || {
        calls![
            Connect::new(EMAIL, PASSPHRASE),
            Disconnect::new(),
            ListCas::new(),
            GetCaDetails::new(CA),
            GetCa::new(CA),
            DeleteCa::new(CA),
            CreateCa::new("US", "ACME, Inc."),
            ListCerts::new(CA, StatusMask::ALL),
            GetCertDetails::new(CERT),
            GetCert::new(CERT, CertPart::Chain),
            ReissueCert::new(CERT),
            SetCertStatus::new(CERT, CertStatus::Hold),
            CreateCert::new(CA, "US", "ACME, Inc.", "example.com")
                .san(San::Dns("example.com".to_owned())),
        ]
    },
    client: |base, options| {
        let builder = Client::builder("CANARY-api-key");
        let builder = builder.environment(Environment::Custom(base.to_owned()));
        let client = configured!(builder, options).build()?;
        client.connect(EMAIL, PASSPHRASE).map(AnyClient::TinyCert)
    },
    grant: Some(("/api/v1/connect", r#"{"token":"CANARY-session-token"}"#)),
};
