//! Certificates of a source's own: whom to trust beside the machine's authorities, and who asks.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use reqwest::{Certificate, Identity};
use secrecy::{ExposeSecret, SecretString};

use super::client;
use crate::secret::{Secret, same};
use crate::{CollectError, Reason};

/// Trust and identity for the sources of one collector. Files that change are read again, so that a renewed
/// certificate needs no restart.
pub struct Tls {
    authorities: Option<PathBuf>,
    identity: Option<ClientCertificate>,
    kept: Mutex<Option<Kept>>,
}

/// Who asks: a certificate (PEM, with its chain) and its private key (PEM).
pub struct ClientCertificate {
    /// The certificate's file.
    pub certificate: PathBuf,
    /// Its key.
    pub key: Secret,
}

/// A client, and what it was built from.
struct Kept {
    files: Vec<Stamp>,
    key: Option<SecretString>,
    client: reqwest::Client,
}

#[derive(PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    length_bytes: u64,
}

impl Tls {
    /// Trusts the authorities of a PEM file beside those of the machine, and shows a certificate to whoever
    /// asks for one.
    pub const fn new(authorities: Option<PathBuf>, identity: Option<ClientCertificate>) -> Self {
        Self { authorities, identity, kept: Mutex::new(None) }
    }

    /// Whether a certificate says who asks.
    pub(super) const fn has_identity(&self) -> bool {
        self.identity.is_some()
    }

    /// The client for these certificates, built anew when one of them has changed.
    pub(super) async fn client(&self) -> Result<reqwest::Client, CollectError> {
        let mut files = Vec::new();
        for path in self.authorities.iter().chain(self.identity.iter().map(|it| &it.certificate)) {
            files.push(stamp(path).await?);
        }
        let key = match &self.identity {
            Some(identity) => Some(identity.key.current().await?),
            None => None,
        };
        let kept = self.kept().as_ref().filter(|kept| kept.is_of(&files, key.as_ref())).map(Kept::client);
        if let Some(client) = kept {
            return Ok(client);
        }
        let client = self.build(key.as_ref()).await?;
        *self.kept() = Some(Kept { files, key, client: client.clone() });
        Ok(client)
    }

    /// A panic of another thread leaves what is kept whole: each change to it is one assignment.
    fn kept(&self) -> std::sync::MutexGuard<'_, Option<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn build(&self, key: Option<&SecretString>) -> Result<reqwest::Client, CollectError> {
        let mut builder = client::builder();
        if let Some(path) = &self.authorities {
            let certificates = Certificate::from_pem_bundle(&read(path).await?);
            let certificates = certificates.ok().filter(|found| !found.is_empty());
            let certificates = certificates.ok_or_else(|| no_certificate(path))?;
            builder = builder.tls_certs_merge(certificates);
        }
        if let Some((identity, key)) = self.identity.as_ref().zip(key) {
            let mut pem = read(&identity.certificate).await?;
            pem.push(b'\n');
            pem.extend_from_slice(key.expose_secret().as_bytes());
            // The cause is left out: it may quote the key.
            let identity = Identity::from_pem(&pem).map_err(|_| no_pair(&identity.certificate))?;
            builder = builder.identity(identity);
        }
        let path = self.identity.as_ref().map(|it| &it.certificate).or(self.authorities.as_ref());
        builder.build().map_err(|_| no_pair(path.map_or(Path::new(""), PathBuf::as_path)))
    }
}

impl Kept {
    fn is_of(&self, files: &[Stamp], key: Option<&SecretString>) -> bool {
        let same_key = match (&self.key, key) {
            (Some(kept), Some(key)) => same(kept, key),
            (None, None) => true,
            _ => false,
        };
        self.files == files && self.files.iter().all(|stamp| stamp.modified.is_some()) && same_key
    }

    fn client(&self) -> reqwest::Client {
        self.client.clone()
    }
}

async fn stamp(path: &Path) -> Result<Stamp, CollectError> {
    let metadata = tokio::fs::metadata(path).await.map_err(|error| unreadable(path, &error))?;
    Ok(Stamp { modified: metadata.modified().ok(), length_bytes: metadata.len() })
}

async fn read(path: &Path) -> Result<Vec<u8>, CollectError> {
    tokio::fs::read(path).await.map_err(|error| unreadable(path, &error))
}

fn unreadable(path: &Path, error: &std::io::Error) -> CollectError {
    let problem = format!(
        "certificate file {} cannot be read: {}; give a PEM file this program may read",
        path.display(),
        error.kind()
    );
    CollectError::new(Reason::Config, problem)
}

fn no_certificate(path: &Path) -> CollectError {
    let problem =
        format!("certificate file {} holds no certificate in PEM; give one that does", path.display());
    CollectError::new(Reason::Config, problem)
}

fn no_pair(path: &Path) -> CollectError {
    let problem = format!(
        "certificate file {} and its key are no pair in PEM; give the certificate, its chain, and the private key \
         it was made for",
        path.display()
    );
    CollectError::new(Reason::Config, problem)
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("authorities", &self.authorities).finish_non_exhaustive()
    }
}
