//! Certificates as settings name them, for this kind and for others that take the same ones.

use std::path::PathBuf;
use std::sync::Arc;

use serde::Deserialize;

use crate::SecretRef;
use crate::http::{ClientCertificate, Tls};
use crate::settings::Check;

/// The table `tls`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TlsSettings {
    ca_file: Option<PathBuf>,
    certificate_file: Option<PathBuf>,
    key: Option<SecretRef>,
}

impl TlsSettings {
    /// The certificates, kept by the collector; `None` where those of the machine are enough.
    pub(crate) fn tls(self, check: &mut Check) -> Option<Arc<Tls>> {
        let files = [("tls.ca_file", &self.ca_file), ("tls.certificate_file", &self.certificate_file)];
        for (key, path) in files.into_iter().filter_map(|(key, path)| Some((key, path.as_ref()?))) {
            if !path.is_file() {
                check.problem(key, format!("{} is not there; give a file in PEM", path.display()));
            }
        }
        let identity = match (self.certificate_file, self.key) {
            (Some(certificate), Some(key)) => Some(ClientCertificate { certificate, key: key.open() }),
            (Some(_), None) => {
                check.problem("tls.key", "this key is missing; give the private key as { file = \"PATH\" }");
                None
            }
            (None, Some(_)) => {
                check.problem(
                    "tls.certificate_file",
                    "this key is missing; give the certificate `key` belongs to",
                );
                None
            }
            (None, None) => None,
        };
        (self.ca_file.is_some() || identity.is_some()).then(|| Arc::new(Tls::new(self.ca_file, identity)))
    }
}
