//! The program as people run it: the built binary on a free port, with a data directory of its own.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A panic is the verdict.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

/// A running daemon; killed when dropped.
pub struct Daemon {
    child: Child,
    /// Address of the web server: `http://127.0.0.1:PORT`.
    pub address: String,
    log: Arc<Mutex<Vec<String>>>,
}

/// The program, in the checkout, writing to `data_dir`.
pub fn program(data_dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pp-collector"));
    command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_remove("SHEET")
        .env("PP_DATA_DIR", data_dir)
        .env("PP_WEB__LISTEN", "127.0.0.1:0")
        .env("PP_LOG__FORMAT", "json")
        .stdin(Stdio::null());
    command
}

/// What a finished command said.
pub struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

/// Runs a command of the program to its end.
pub fn say(data_dir: &Path, arguments: &[&str]) -> Said {
    finish(program(data_dir).args(arguments))
}

/// Runs any command to its end.
pub fn finish(command: &mut Command) -> Said {
    let output = command.output().expect("the command starts");
    Said {
        code: output.status.code(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// A client to whom every answer is one.
fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).build().into()
}

impl Daemon {
    /// Starts `run` with a configuration and waits for the line that says where it listens.
    pub fn start(data_dir: &Path, config: &Path) -> Self {
        Self::launch(program(data_dir).arg("--config").arg(config).arg("run"))
    }

    /// Starts a prepared command and waits for the line that says where it listens.
    pub fn launch(command: &mut Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().expect("it starts");
        let mut lines = BufReader::new(child.stderr.take().expect("piped")).lines();
        let log = Arc::new(Mutex::new(Vec::new()));
        let mut address = None;
        for line in lines.by_ref().map_while(Result::ok) {
            let event: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
            log.lock().unwrap().push(line);
            if let Some(found) = event.pointer("/fields/address").and_then(|address| address.as_str()) {
                address = Some(found.to_owned());
                break;
            }
        }
        let Some(address) = address else {
            let code = child.wait();
            panic!("it did not say where it listens ({code:?}):\n{}", log.lock().unwrap().join("\n"));
        };
        let kept = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                kept.lock().unwrap().push(line);
            }
        });
        Self { child, address, log }
    }

    /// Status, body and content type of an address.
    pub fn get(&self, path: &str) -> (u16, String, String) {
        let mut answer = agent().get(format!("{}{path}", self.address)).call().expect("it answers");
        let kind = answer.headers().get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
        let body = answer.body_mut().with_config().limit(1 << 30).read_to_string().unwrap();
        (answer.status().as_u16(), body, kind.unwrap_or_default())
    }

    /// Status, body and `Retry-After` of what is sent to an address.
    pub fn post(&self, path: &str, headers: &[(&str, &str)], body: &str) -> (u16, String, Option<String>) {
        let mut request = agent().post(format!("{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut answer = request.send(body).expect("it answers");
        let wait = answer.headers().get("retry-after").map(|wait| wait.to_str().unwrap().to_owned());
        let body = answer.body_mut().read_to_string().unwrap();
        (answer.status().as_u16(), body, wait)
    }

    /// Asks until `wanted` holds of the answer; the daemon decides when, so no time is waited for in vain.
    pub fn get_until(&self, path: &str, wanted: impl Fn(u16, &str) -> bool) -> String {
        for _ in 0..20_000 {
            let (status, body, _) = self.get(path);
            if wanted(status, &body) {
                return body;
            }
            std::thread::yield_now();
        }
        panic!("{path} never answered as wanted; the log:\n{}", self.log());
    }

    /// Everything it has logged.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().join("\n")
    }

    /// Sends a signal by name.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status();
        assert!(sent.expect("kill is there").success());
    }

    /// Asks it to stop and gives its exit code.
    pub fn stop(mut self) -> Option<i32> {
        self.signal("TERM");
        self.child.wait().expect("it ends").code()
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits until somebody else has ended it.
    pub fn wait(mut self) {
        self.child.wait().expect("it ends");
    }

    /// Kills it without warning.
    pub fn kill(mut self) {
        self.child.kill().expect("it is killed");
        self.child.wait().expect("it ends");
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A path in the checkout.
pub fn checkout(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}
