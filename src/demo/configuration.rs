//! The configuration of a demonstration, as files that the ordinary loader reads.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::ToSpan;
use jiff::civil::Date;
use simulator::{Running, Source, ga4, matomo, plausible};

use super::folder::{Folder, FolderError};

const CONFIG: &str = include_str!("config.toml");
const SERVICES: &str = include_str!("services.toml");
/// Name of the configuration in the folder.
const CONFIG_FILE: &str = "pp-collector.toml";
/// Whole months of history before that of the anchor.
const MONTHS: i32 = 13;

impl Folder {
    /// The first day of history.
    pub fn first_day(&self) -> Date {
        self.story.anchor.first_of_month().saturating_sub(MONTHS.months())
    }

    /// The last day of history, where the clock has not gone on.
    pub fn last_day(&self) -> Date {
        self.story.anchor.saturating_sub(1.day())
    }

    /// Writes the configuration for stand-ins that run, and gives its file. Their ports are others at each
    /// start, so it is written at each start.
    pub fn configure(&self, running: &Running, listen: &str) -> Result<PathBuf, FolderError> {
        let (secrets, services) = (self.path.join("secrets"), self.path.join("services"));
        for folder in [&secrets, &services] {
            fs::create_dir_all(folder).map_err(|source| FolderError::unusable(folder, source))?;
        }
        let key = ga4::service_account_key(running.address(Source::Ga4)).to_string();
        write(&secrets.join("ga4.json"), &key)?;
        write(&secrets.join("matomo-token"), matomo::TOKEN)?;
        write(&secrets.join("plausible-key"), plausible::KEY)?;
        write(&services.join("demo.toml"), SERVICES)?;
        let file = self.path.join(CONFIG_FILE);
        write(&file, &self.config(running, listen))?;
        Ok(file)
    }

    fn config(&self, running: &Running, listen: &str) -> String {
        let world = running.world();
        let service = |id: &str| world.services().iter().find(|service| service.id.as_str() == id);
        let site =
            |id: &str| service(id).and_then(|service| matomo::site(world, service)).unwrap_or_default();
        let property = service("book-canal-mooring").and_then(|service| ga4::property(world, service));
        let address = |source| running.address(source).to_owned();
        [
            ("@folder@", in_toml(&self.path)),
            ("@listen@", listen.to_owned()),
            ("@first_day@", self.first_day().to_string()),
            ("@ga4@", address(Source::Ga4)),
            ("@matomo@", address(Source::Matomo)),
            ("@plausible@", address(Source::Plausible)),
            ("@files@", address(Source::Files)),
            ("@mooring_property@", property.unwrap_or_default().to_string()),
            ("@tree_site@", site("file-tree-return").to_string()),
            ("@anchor_site@", site("report-lost-anchor").to_string()),
        ]
        .iter()
        .fold(CONFIG.to_owned(), |text, (mark, value)| text.replace(mark, value))
    }
}

/// A path between quotation marks of TOML, where `${` would name a variable.
fn in_toml(path: &Path) -> String {
    path.display().to_string().replace('\\', "\\\\").replace('"', "\\\"").replace("${", "$${")
}

fn write(file: &Path, text: &str) -> Result<(), FolderError> {
    fs::write(file, text).map_err(|source| FolderError::unusable(file, source))
}
