//! A real InfluxDB for tests: Debian's 1.6.7 behind an nginx that speaks the paths of version 2.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use collectors::clock::ManualClock;
use collectors::http::Backoff;
use collectors::{Clock, MachineRandomness, SecretRef};
use pp_collector::store::Influxdb2Store;
use pp_collector::store::influxdb2::{Influxdb2Settings, WriterName};
use tempfile::TempDir;

/// The token that the door accepts.
pub(crate) const TOKEN: &str = "a-token-of-these-tests";

/// A tool by name, from `PATH`. Where it is missing the test has proved nothing and says so; CI asks for
/// every test.
pub(crate) fn tool(name: &str) -> Option<PathBuf> {
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/bin");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = [ours, "/usr/sbin".into()].into_iter().chain(std::env::split_paths(&path));
    let found = found.map(|folder| folder.join(name)).find(|file| file.is_file());
    if found.is_none() {
        assert!(std::env::var_os("CI").is_none(), "absent: {name}");
        println!("absent: {name}");
    }
    found
}

pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A process that ends with this one, however that ends: a shell waits for the end of its input.
pub(crate) struct Served {
    shell: Child,
    pub(crate) pid: u32,
}

impl Served {
    pub(crate) fn start(program: &Path, arguments: &[&str], log: &Path) -> Self {
        const WATCH: &str = r#""$@" <&- & echo $!; exec >&-; cat >/dev/null; kill -9 $! 2>/dev/null"#;
        let log = std::fs::File::options().create(true).append(true).open(log).unwrap();
        let mut shell = Command::new("sh")
            .args(["-c", WATCH, "sh"])
            .arg("/bin/sh")
            .args(["-c", r#"exec "$@" >&2"#, "sh"])
            .arg(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut pid = String::new();
        BufReader::new(shell.stdout.take().unwrap()).read_line(&mut pid).unwrap();
        Self { shell, pid: pid.trim().parse().unwrap() }
    }

    /// Ends it as a crash would.
    pub(crate) fn kill(mut self) {
        self.end();
    }

    fn end(&mut self) {
        let _ = Command::new("kill").args(["-9", &self.pid.to_string()]).status();
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.end();
    }
}

/// Nothing that is static is dropped, so a shell waits for the end of this process.
fn remove_at_the_end(folder: &Path) -> Child {
    const WATCH: &str = r#"cat >/dev/null; until rm -rf "$0" 2>/dev/null; do :; done"#;
    Command::new("sh").args(["-c", WATCH]).arg(folder).stdin(Stdio::piped()).spawn().unwrap()
}

/// The server with its door.
pub(crate) struct InfluxServer {
    folder: TempDir,
    database: PathBuf,
    pub(crate) database_port: u16,
    pub(crate) door_port: u16,
    running: Option<Served>,
    _door: Served,
}

impl InfluxServer {
    /// Starts one; `None` where it cannot be had.
    pub(crate) fn start() -> Option<Self> {
        Self::start_in(tempfile::tempdir().unwrap(), None)
    }

    /// Starts one that keeps its figures in a folder of the caller's.
    pub(crate) fn start_in(folder: TempDir, data: Option<&Path>) -> Option<Self> {
        let (database, nginx) = (tool("influxd")?, tool("nginx")?);
        let (database_port, door_port) = (free_port(), free_port());
        let data = data.unwrap_or(folder.path()).to_owned();
        let at = folder.path();
        std::fs::write(at.join("token"), TOKEN).unwrap();
        std::fs::write(at.join("influxd.conf"), influxd_conf(&data, database_port)).unwrap();
        std::fs::write(at.join("nginx.conf"), nginx_conf(at, database_port, door_port)).unwrap();
        let door = Served::start(
            &nginx,
            &["-e", "stderr", "-p", at.to_str().unwrap(), "-c", at.join("nginx.conf").to_str().unwrap()],
            &at.join("nginx.log"),
        );
        let mut server = Self { folder, database, database_port, door_port, running: None, _door: door };
        server.run();
        Some(server)
    }

    /// One for all tests of a file, each with a database of its own.
    pub(crate) fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<(InfluxServer, Child)>> = OnceLock::new();
        let start = || {
            let server = Self::start()?;
            let leaver = remove_at_the_end(server.folder.path());
            Some((server, leaver))
        };
        SHARED.get_or_init(start).as_ref().map(|(server, _)| server)
    }

    /// Starts it, or starts it again, and returns when it answers.
    pub(crate) fn run(&mut self) {
        let conf = self.folder.path().join("influxd.conf");
        let log = self.folder.path().join("influxd.log");
        self.running = Some(Served::start(&self.database, &["-config", conf.to_str().unwrap()], &log));
        let deadline = Instant::now() + Duration::from_secs(30);
        let ping = format!("http://127.0.0.1:{}/ping", self.database_port);
        while ureq::get(&ping).call().is_err() {
            assert!(Instant::now() < deadline, "{}", std::fs::read_to_string(&log).unwrap_or_default());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends it as a power cut of its machine's would, but for the disk.
    pub(crate) fn kill(&mut self) {
        drop(self.running.take());
    }

    /// Makes an empty database; one shard, so that making it is quick.
    pub(crate) fn database(&self) -> String {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let name = format!("b{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        self.query("", &format!("CREATE DATABASE {name} WITH DURATION INF SHARD DURATION 5200w"));
        name
    }

    /// Writes a line past the door, its time in seconds.
    pub(crate) fn write(&self, database: &str, line: &str) {
        let url = format!("http://127.0.0.1:{}/write?db={database}&precision=s", self.database_port);
        assert_eq!(ureq::post(&url).send(line).unwrap().status(), 204);
    }

    /// Asks the database itself, and gives its answer.
    pub(crate) fn query(&self, database: &str, statement: &str) -> String {
        let url = format!("http://127.0.0.1:{}/query", self.database_port);
        let form = [("db", database), ("epoch", "s"), ("q", statement)];
        ureq::post(&url).send_form(form).unwrap().body_mut().read_to_string().unwrap()
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.door_port)
    }

    /// Settings for a bucket of it.
    pub(crate) fn settings(&self, bucket: &str) -> Influxdb2Settings {
        settings(&self.url(), bucket, self.folder.path())
    }

    /// Where its settings say that the token is.
    pub(crate) fn token_file(&self) -> PathBuf {
        self.folder.path().join("token")
    }

    /// What it has said.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("influxd.log")).unwrap_or_default()
    }
}

/// Settings for a bucket at an address, with the token and what is refused in a folder.
pub(crate) fn settings(url: &str, bucket: &str, folder: &Path) -> Influxdb2Settings {
    Influxdb2Settings {
        url: url.parse().unwrap(),
        org: "an-org".to_owned(),
        bucket: bucket.to_owned(),
        database: bucket.to_owned(),
        retention_policy: None,
        token: SecretRef::File(folder.join("token")),
        ca_file: None,
        gzip: true,
        connect_timeout: Duration::from_secs(5),
        write_timeout: Duration::from_secs(30),
        query_timeout: Duration::from_mins(1),
        retries: 3,
        backoff: Backoff::default(),
        writer: WriterName::of(1, 1).unwrap(),
        quarantine_file: folder.join(format!("{bucket}.lp")),
    }
}

/// A store on a clock that passes over every wait.
pub(crate) fn open(settings: &Influxdb2Settings) -> Influxdb2Store {
    open_on(settings, Arc::new(ManualClock::new(jiff::Timestamp::now()).skipping_sleeps()))
}

pub(crate) fn open_on(settings: &Influxdb2Settings, clock: Arc<dyn Clock>) -> Influxdb2Store {
    Influxdb2Store::open(settings, clock, Arc::new(MachineRandomness)).unwrap()
}

fn influxd_conf(data: &Path, port: u16) -> String {
    let (data, control) = (data.display(), free_port());
    format!(
        r#"reporting-disabled = true
bind-address = "127.0.0.1:{control}"
[meta]
  dir = "{data}/meta"
[data]
  dir = "{data}/data"
  wal-dir = "{data}/wal"
  query-log-enabled = false
[http]
  bind-address = "127.0.0.1:{port}"
  log-enabled = false
  max-body-size = 0
[monitor]
  store-enabled = false
[logging]
  level = "error"
"#
    )
}

/// The paths, the token and the precisions of InfluxDB 2, also below `/below/a/path`.
fn nginx_conf(folder: &Path, database_port: u16, door_port: u16) -> String {
    let folder = folder.display();
    let unauthorized = r#"'{"code":"unauthorized","message":"unauthorized access"}'"#;
    let places = ["", "/below/a/path"].map(|path| {
        format!(
            r#"
    location = {path}/api/v2/write {{
      if ($token_is_good = 0) {{ return 401 {unauthorized}; }}
      proxy_set_header Authorization "";
      proxy_pass http://127.0.0.1:{database_port}/write?db=$arg_bucket&precision=$influxdb_1_precision;
    }}
    location = {path}/query {{
      if ($token_is_good = 0) {{ return 401 {unauthorized}; }}
      proxy_set_header Authorization "";
      proxy_pass http://127.0.0.1:{database_port}/query;
    }}"#
        )
    });
    let places = places.concat();
    format!(
        r#"daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  client_max_body_size 50m;
  client_body_buffer_size 2m;
  proxy_buffering off;
  proxy_http_version 1.1;
  default_type application/json;
  map $arg_precision $influxdb_1_precision {{ default n; ns n; us u; ms ms; s s; }}
  map $http_authorization $token_is_good {{ default 0; "Token {TOKEN}" 1; }}
  server {{
    listen 127.0.0.1:{door_port};{places}
  }}
}}
"#
    )
}
