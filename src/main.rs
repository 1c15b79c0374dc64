//! Parse, build, run, exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    pp_collector::cli::main()
}
