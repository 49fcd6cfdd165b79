//! `atmqtt-emulator`: an emulated Quectel module on a pseudo-terminal.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(atmqtt_emulator::cli::main(std::env::args_os()))
}
