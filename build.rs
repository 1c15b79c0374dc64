//! Says which commit and which compiler the program was built from, for `pp_build_info`.

use std::path::Path;
use std::process::Command;

fn main() {
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let version = said(&rustc, &["--version"]);
    // "rustc 1.95.0 (59807616e 2026-04-14)"
    let version = version.as_deref().and_then(|text| text.split(' ').nth(1)).unwrap_or("unknown");
    println!("cargo::rustc-env=BUILD_RUSTVERSION={version}");
    println!("cargo::rustc-env=BUILD_REVISION={}", revision());
    println!("cargo::rerun-if-changed=build.rs");
}

/// What the packager says, or for a release what git says. A program for debugging is not built anew for each
/// commit, and changes that are not committed would make it lie.
fn revision() -> String {
    println!("cargo::rerun-if-env-changed=BUILD_REVISION");
    if let Ok(given) = std::env::var("BUILD_REVISION") {
        return given;
    }
    let head = ".git/logs/HEAD";
    let of_git =
        std::env::var("PROFILE").is_ok_and(|profile| profile == "release") && Path::new(head).exists();
    if of_git {
        println!("cargo::rerun-if-changed={head}");
    }
    of_git.then(|| said("git", &["rev-parse", "HEAD"])).flatten().unwrap_or_else(|| "unknown".to_owned())
}

fn said(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
