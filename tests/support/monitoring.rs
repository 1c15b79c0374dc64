//! Prometheus and Alertmanager as people run them: the programs of Debian, each on a free port of
//! loopback, in a folder of its own, killed when dropped. And a webhook that receives what they send.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A panic is the verdict.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use serde_json::Value;

/// Longest to wait for what a program does by its own clock: several scrapes and evaluations.
const PATIENCE: Duration = Duration::from_mins(1);
/// Between two questions to a program that is silent.
const PAUSE: Duration = Duration::from_millis(50);

/// A program of these packages, from `PATH` or from where `tests/run` puts them. Without it the test
/// proves nothing and says so; with `CI` set it fails.
pub fn tool(name: &str, package: &str) -> Option<PathBuf> {
    let fetched = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/bin");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).chain([fetched]).map(|folder| folder.join(name));
    let found = found.into_iter().find(|file| file.is_file());
    if found.is_none() {
        assert!(std::env::var_os("CI").is_none(), "{name} is not installed: the Debian package is {package}");
        println!("absent: {name} (Debian package {package}); this test proves nothing without it");
    }
    found
}

/// `promtool`, which checks rules, configurations and expositions.
pub fn promtool() -> Option<PathBuf> {
    tool("promtool", "prometheus")
}

/// `amtool`, which checks routes.
pub fn amtool() -> Option<PathBuf> {
    tool("amtool", "prometheus-alertmanager")
}

/// Runs a checking command to its end, with something to read.
pub fn check(program: &Path, arguments: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}

/// Both outputs of a command, as one text.
pub fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A server that runs.
pub struct Server {
    child: Child,
    /// Where it answers: `http://127.0.0.1:PORT`.
    pub address: String,
    lines: Receiver<String>,
    log: std::cell::RefCell<Vec<String>>,
    agent: ureq::Agent,
}

impl Server {
    /// Starts it and waits for the line of its log that says where it listens.
    fn launch(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let stderr = child.stderr.take().expect("piped");
        let (send, lines) = mpsc::channel();
        std::thread::spawn(move || {
            // Reads on when nobody listens any more, so that the program never waits for its log.
            BufReader::new(stderr).lines().map_while(Result::ok).for_each(|line| drop(send.send(line)));
        });
        let agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let mut server = Self { child, address: String::new(), lines, log: Vec::new().into(), agent };
        let deadline = Instant::now() + PATIENCE;
        while let Ok(line) = server.lines.recv_timeout(deadline - Instant::now()) {
            let found = line.contains("Listening on").then(|| line.rsplit_once("address=")).flatten();
            let address = found.map(|(_, address)| format!("http://{address}"));
            server.log.get_mut().push(line);
            if let Some(address) = address {
                server.address = address;
                return server;
            }
        }
        panic!("it did not say where it listens:\n{}", server.log());
    }

    /// Sends a signal by name.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status();
        assert!(sent.expect("kill is there").success());
    }

    /// Everything it has logged.
    pub fn log(&self) -> String {
        self.log.borrow_mut().extend(self.lines.try_iter());
        self.log.borrow().join("\n")
    }

    /// Status and body of an address.
    pub fn get(&self, path: &str) -> (u16, String) {
        let mut answer = self.agent.get(format!("{}{path}", self.address)).call().expect("it answers");
        (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap())
    }

    /// The field `data` of an answer of Prometheus, or the whole answer of Alertmanager.
    pub fn json(&self, path: &str) -> Value {
        let (status, body) = self.get(path);
        assert_eq!(status, 200, "{path}: {body}");
        let mut answer: Value = serde_json::from_str(&body).unwrap();
        if answer.get("data").is_some() { answer["data"].take() } else { answer }
    }

    /// Asks until there is an answer. The program goes by the machine's clock, so between two questions
    /// its next line is waited for, or a moment.
    pub fn until<T>(&self, what: &str, ask: impl Fn(&Self) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(answer) = ask(self) {
                return answer;
            }
            assert!(Instant::now() < deadline, "{what}: not after {PATIENCE:?}; the log:\n{}", self.log());
            if let Ok(line) = self.lines.recv_timeout(PAUSE) {
                self.log.borrow_mut().push(line);
            }
        }
    }

    /// The samples of an expression as Prometheus computes them now: labels and value.
    pub fn query(&self, expression: &str) -> Vec<(Value, f64)> {
        let mut answer = self
            .agent
            .get(format!("{}/api/v1/query", self.address))
            .query("query", expression)
            .call()
            .expect("it answers");
        let body = answer.body_mut().read_to_string().unwrap();
        let mut answer: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(answer["status"], "success", "{expression}: {body}");
        let samples = answer["data"]["result"].take();
        let samples = samples.as_array().expect("a vector").clone();
        let value = |sample: &Value| sample["value"][1].as_str().unwrap().parse().unwrap();
        samples.iter().map(|sample| (sample["metric"].clone(), value(sample))).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts Prometheus on a configuration file and waits until it is ready; its data goes to `folder`. Its
/// first scrape is five seconds later.
pub fn prometheus(config: &Path, folder: &Path) -> Option<Server> {
    let program = tool("prometheus", "prometheus")?;
    let server = Server::launch(
        Command::new(program)
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", folder.join("prometheus").display()))
            .arg("--web.listen-address=127.0.0.1:0")
            // It learns of Alertmanager only after five seconds; an alert before that is sent again in a
            // minute otherwise.
            .arg("--rules.alert.resend-delay=1s"),
    );
    server.until("ready", |server| (server.get("/-/ready").0 == 200).then_some(()));
    Some(server)
}

/// Starts Alertmanager on a configuration file and waits until it is ready; its data goes to `folder`.
pub fn alertmanager(config: &Path, folder: &Path) -> Option<Server> {
    let program = tool("prometheus-alertmanager", "prometheus-alertmanager")?;
    let server = Server::launch(
        Command::new(program)
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.path={}", folder.join("alertmanager").display()))
            .arg("--web.listen-address=127.0.0.1:0")
            // One alone: without this it listens for others on every address.
            .arg("--cluster.listen-address="),
    );
    server.until("ready", |server| (server.get("/-/ready").0 == 200).then_some(()));
    Some(server)
}

/// A webhook on loopback: takes every body that is posted to it, and answers 200.
pub struct Webhook {
    /// What to post to: `http://127.0.0.1:PORT/hook`.
    pub address: String,
    bodies: Receiver<Value>,
}

impl Webhook {
    /// Listens until the test ends.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/hook", listener.local_addr().unwrap());
        let (send, bodies) = mpsc::channel();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                let mut length = 0;
                for line in reader.by_ref().lines().map_while(Result::ok).take_while(|line| !line.is_empty())
                {
                    if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                        length = value.trim().parse().unwrap();
                    }
                }
                let mut body = vec![0; length];
                let whole = reader.read_exact(&mut body);
                // The sender may be gone, and the receiver too.
                let _ =
                    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                if whole.is_ok() {
                    let _ = send.send(serde_json::from_slice(&body).unwrap_or(Value::Null));
                }
            }
        });
        Self { address, bodies }
    }

    /// The next body for which `wanted` holds; those before it are passed over.
    pub fn next(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + PATIENCE;
        let mut passed_over = Vec::new();
        while let Ok(body) = self.bodies.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            if wanted(&body) {
                return body;
            }
            passed_over.push(body);
        }
        panic!("{what}: nothing like it came; what came: {passed_over:#?}");
    }

    /// Everything that has come and was not asked for.
    pub fn rest(&self) -> Vec<Value> {
        self.bodies.try_iter().collect()
    }
}
