//! The set as files: figures that `pp-collector import` reads, labels, and the configuration they need.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use jiff::Timestamp;
use kpi::{Channel, Period, PeriodKind};

use super::happening::Happening;
use super::service::LabelledService;
use super::services;

/// The kinds of period a set has services of.
const KINDS: [PeriodKind; 4] = [PeriodKind::Day, PeriodKind::Week, PeriodKind::Month, PeriodKind::Quarter];

/// The columns of a file of figures that say anything here.
const COLUMNS: &str = "service,measure,channel,coverage,period_kind,period_start,period_end,state,value,\
provisional,thresholded,sampled_ppm,revision,collected_at,collector";

/// Writes the services of a seed into a folder: `figures-1.csv` with the first values, `figures-2.csv` with the
/// corrections, `labels.jsonl`, `services/labelled.toml` and `config.toml`.
pub fn write(seed: u64, folder: &Path) -> io::Result<usize> {
    fs::create_dir_all(folder.join("services"))?;
    let create = |name: &str| File::create(folder.join(name)).map(BufWriter::new);
    let (mut first, mut corrected) = (create("figures-1.csv")?, create("figures-2.csv")?);
    writeln!(first, "{COLUMNS}")?;
    writeln!(corrected, "{COLUMNS}")?;
    let mut labels = create("labels.jsonl")?;
    let mut configured = create("services/labelled.toml")?;
    let mut count = 0;
    for service in KINDS.into_iter().flat_map(|kind| services(seed, kind)) {
        let mut newest: Option<Period> = None;
        for told in service.told() {
            // A correction is of a period that was told before, and told only after the next.
            let is_correction =
                newest.is_some_and(|newest| told.period < newest) && service.happening == Happening::Revised;
            newest = newest.max(Some(told.period));
            let to = if is_correction { &mut corrected } else { &mut first };
            for (channel, count) in &told.completed {
                row(to, &service, told.period, *channel, *count, told.known_at)?;
            }
        }
        serde_json::to_writer(&mut labels, &service.label())?;
        writeln!(labels)?;
        configured.write_all(declaration(&service).as_bytes())?;
        count += 1;
    }
    let folder_text = folder.display().to_string();
    let config = format!("data_dir = {folder_text:?}\nservices_dir = \"{folder_text}/services\"\n");
    fs::write(folder.join("config.toml"), config)?;
    for file in &mut [first, corrected, labels, configured] {
        file.flush()?;
    }
    Ok(count)
}

fn row(
    to: &mut impl Write,
    service: &LabelledService,
    period: Period,
    channel: Channel,
    count: u64,
    known_at: Timestamp,
) -> io::Result<()> {
    let (id, kind) = (&service.id, service.kind);
    let (start, end) = (period.start_text(), period.end_text());
    // One source a kind of period and event, so that no common fall of one source comes of it.
    let collector = format!("{kind}-{}", service.happening.as_str());
    writeln!(
        to,
        "{id},completed,{channel},all,{kind},{start},{end},known,{count},false,false,,1,{known_at},{collector}"
    )
}

/// The service as configuration declares it.
fn declaration(service: &LabelledService) -> String {
    let quoted = |channels: &[Channel]| {
        let names: Vec<String> = channels.iter().map(|channel| format!("{:?}", channel.as_str())).collect();
        format!("[{}]", names.join(", "))
    };
    let at =
        service.periods.get(service.at).map(|period| period.start_date().to_string()).unwrap_or_default();
    let digital = if service.happening == Happening::Redefined {
        let both = quoted(&[Channel::Digital, Channel::AssistedDigital]);
        format!("\ndigital = [{{ channels = {both} }}, {{ from = {at}, channels = [\"digital\"] }}]")
    } else {
        String::new()
    };
    let channels = match service.declared_channels() {
        [] => String::new(),
        declared => format!("\nchannels = {}", quoted(declared)),
    };
    format!("[[service]]\nid = \"{0}\"\nname = \"{0}\"{channels}{digital}\n\n", service.id)
}
