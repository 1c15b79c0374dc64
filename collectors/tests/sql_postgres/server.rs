//! The real `PostgreSQL`, on a free port of loopback and in a folder of its own.
//!
//! It ends with the test process: a shell waits for the end of its input, which the operating system
//! gives it however the process ends, and then stops the server and removes the folder.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, OnceLock};

/// What no message may ever hold.
pub(crate) const PASSWORD: &str = "canary-7f3a-password";

const SCRIPT: &str = r#"
set -eu
cd "$FOLDER"
if [ -n "$PRIMARY" ]; then
    "$BIN/pg_basebackup" -D data -R -X stream -c fast --no-sync -h 127.0.0.1 -p "$PRIMARY" -U postgres >initdb.log 2>&1
else
    "$BIN/initdb" -D data -U postgres -A trust -E UTF8 --locale=C --no-sync >initdb.log 2>&1
    printf 'host all,replication postgres 127.0.0.1/32 trust\nhost all all all scram-sha-256\n' >data/pg_hba.conf
fi
options="-p $PORT -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
if [ "$TLS" = yes ]; then
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost \
        -addext subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:FALSE \
        -keyout data/server.key -out data/server.crt 2>openssl.log
    chmod 600 data/server.key
    cp data/server.crt .
    options="$options -c ssl=on"
fi
"$BIN/pg_ctl" -D data -w -l server.log -o "$options" start >pg_ctl.log 2>&1
echo ready
while read -r line; do "$BIN/pg_ctl" -D data -m immediate stop >/dev/null 2>&1; echo stopped; done
"$BIN/pg_ctl" -D data -m immediate stop >/dev/null 2>&1 || true
cd /
rm -rf "$FOLDER"
"#;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encryption {
    Offered,
    Missing,
}

pub(crate) struct Server {
    pub(crate) port: u16,
    bin: PathBuf,
    folder: tempfile::TempDir,
    shell: Mutex<Child>,
}

/// The server the tests of this file share; `None`, said aloud, where `PostgreSQL` is not installed.
pub(crate) fn shared() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    SERVER.get_or_init(|| Server::start(Encryption::Offered)).as_ref()
}

/// The newest `PostgreSQL` of the machine, where Debian and its kin put it.
fn installed() -> Option<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .filter(|(_, bin): &(u32, PathBuf)| bin.join("initdb").exists())
        .collect();
    found.sort();
    let newest = found.pop().map(|(_, bin)| bin);
    if newest.is_none() {
        let absent = "ABSENT: PostgreSQL is not installed (Debian package postgresql); nothing was tested";
        assert!(std::env::var_os("CI").is_none(), "{absent}");
        eprintln!("{absent}");
    }
    newest
}

impl Server {
    pub(crate) fn start(encryption: Encryption) -> Option<Self> {
        let server = Self::launch(installed()?, encryption, None);
        server.admin_in("postgres", "create database cases");
        server.admin(&format!(
            "create role reader login password '{PASSWORD}'; \
             alter default privileges in schema public grant select on tables to reader; \
             create role outsider login password '{PASSWORD}'"
        ));
        Some(server)
    }

    /// A replica that follows this server.
    pub(crate) fn replica(&self) -> Self {
        Self::launch(self.bin.clone(), Encryption::Missing, Some(self.port))
    }

    /// Returns once this replica has followed everything its primary has written.
    pub(crate) fn catch_up(&self, primary: &Self) {
        let written = primary.admin("select pg_current_wal_lsn()");
        self.admin(&format!(
            "do $$ begin while pg_last_wal_replay_lsn() is null or pg_last_wal_replay_lsn() < '{written}' loop \
             perform pg_sleep(0.01); end loop; end $$"
        ));
    }

    fn launch(bin: PathBuf, encryption: Encryption, primary: Option<u16>) -> Self {
        let folder = tempfile::Builder::new().prefix("pp-postgres-").tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let root = Command::new("id").arg("-u").output().unwrap().stdout == b"0\n";
        let mut shell = if root {
            // PostgreSQL refuses to run as root.
            let given = Command::new("chown").arg("postgres").arg(folder.path()).status().unwrap();
            assert!(given.success());
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--", "sh", "-c", SCRIPT]);
            command
        } else {
            let mut command = Command::new("sh");
            command.args(["-c", SCRIPT]);
            command
        };
        shell
            .env("BIN", &bin)
            .env("FOLDER", folder.path())
            .env("PORT", port.to_string())
            .env("PRIMARY", primary.map_or_else(String::new, |port| port.to_string()))
            .env("TLS", if encryption == Encryption::Offered { "yes" } else { "no" })
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut shell = shell.spawn().unwrap();
        let line = next_line(&mut shell);
        assert_eq!(line, "ready", "{}", logs(folder.path()));
        // Written once: tests that run beside each other read them.
        std::fs::write(folder.path().join("password"), PASSWORD).unwrap();
        std::fs::write(folder.path().join("wrong"), "canary-wrong").unwrap();
        Self { port, bin, folder, shell: Mutex::new(shell) }
    }

    /// Runs SQL as the owner of everything and gives what it prints.
    pub(crate) fn admin(&self, sql: &str) -> String {
        self.admin_in("cases", sql)
    }

    fn admin_in(&self, database: &str, sql: &str) -> String {
        let output = Command::new(self.bin.join("psql"))
            .args(["-X", "-q", "-t", "-A", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-U", "postgres"])
            .args(["-p", &self.port.to_string(), "-d", database, "-c", sql])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Returns once a query with this text in it runs; the server does the waiting.
    pub(crate) fn wait_for_query(&self, mark: &str) {
        self.admin(&format!(
            "do $$ begin while not exists (select from pg_stat_activity where state = 'active' \
             and pid <> pg_backend_pid() and query like '%{mark}%') loop \
             perform pg_sleep(0.01); perform pg_stat_clear_snapshot(); end loop; end $$"
        ));
    }

    /// Stops at once, without a word to those connected.
    pub(crate) fn kill(&self) {
        let mut shell = self.shell.lock().unwrap();
        std::io::Write::write_all(shell.stdin.as_mut().unwrap(), b"stop\n").unwrap();
        assert_eq!(next_line(&mut shell), "stopped");
    }

    pub(crate) fn certificate(&self) -> PathBuf {
        self.folder.path().join("server.crt")
    }

    /// The file of a password that is right, or of one that is not, as settings refer to it.
    pub(crate) fn password_file(&self, right: bool) -> PathBuf {
        self.folder.path().join(if right { "password" } else { "wrong" })
    }

    /// Settings of a collector that asks this server in the clear.
    pub(crate) fn settings(&self, query: &str, more: &str) -> String {
        let mut text = format!("query = '''{query}'''\n{more}\n");
        for (key, value) in [("dialect", "postgresql"), ("host", "127.0.0.1"), ("user", "reader")] {
            if !more.contains(&format!("{key} =")) {
                text.insert_str(0, &format!("{key} = \"{value}\"\n"));
            }
        }
        if !more.contains("database =") {
            text.insert_str(0, "database = \"cases\"\n");
        }
        if !more.contains("tls =") {
            text.insert_str(0, "tls = \"disable\"\n");
        }
        let mut head = String::new();
        writeln!(head, "port = {}", self.port).unwrap();
        if !more.contains("password =") {
            writeln!(head, "password = {{ file = '{}' }}", self.password_file(true).display()).unwrap();
        }
        head + &text
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let mut shell = self.shell.lock().unwrap();
        drop(shell.stdin.take());
        let _ = shell.wait();
    }
}

fn next_line(shell: &mut Child) -> String {
    let mut line = String::new();
    let Some(output) = shell.stdout.as_mut() else { return line };
    // One byte at a time would do; the shell writes one short line and waits.
    BufReader::with_capacity(1, output).read_line(&mut line).unwrap();
    line.trim().to_owned()
}

fn logs(folder: &Path) -> String {
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap_or_default();
    ["initdb.log", "openssl.log", "pg_ctl.log", "server.log"].map(read).join("\n")
}
