//! Basic commands: echo, result codes, S registers, stored preferences (supplement 2.4).

use super::Module;
use super::params::{Failure, Params};
use super::run::{Done, Reply};

/// What `AT&F` sets and `AT&W` stores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Preferences {
    pub(crate) echo: bool,
    pub(crate) verbose: bool,
    pub(crate) quiet: bool,
    /// Line end.
    pub(crate) s3: u8,
    /// Backspace.
    pub(crate) s5: u8,
    /// The other S registers; they can be set and read, no more.
    registers: [u8; 16],
    level: u32,
    carrier: u32,
    terminal_ready: u32,
    /// `AT+CMEE`.
    pub(crate) cmee: u32,
    /// `<n>` of `AT+CREG`, `AT+CGREG`, `AT+CEREG`.
    pub(crate) report: [u32; 3],
}

impl Preferences {
    /// As delivered; dialects differ in the echo.
    pub(crate) fn factory(echo: bool) -> Self {
        let mut registers = [0; 16];
        registers[4] = b'\n';
        registers[6] = 2;
        registers[8] = 2;
        registers[10] = 15;
        registers[12] = 50;
        Self {
            echo,
            verbose: true,
            quiet: false,
            s3: b'\r',
            s5: 8,
            registers,
            level: 4,
            carrier: 1,
            terminal_ready: 2,
            cmee: 1,
            report: [0; 3],
        }
    }
}

const DONE: Reply = Ok(Done::Ok);

impl Module {
    pub(crate) fn ate(&mut self, params: &Params) -> Reply {
        let on = params.flag(0)?;
        self.echo(on)
    }

    pub(crate) fn echo(&mut self, on: bool) -> Reply {
        self.preferences.echo = on;
        DONE
    }

    pub(crate) fn atv(&mut self, params: &Params) -> Reply {
        let on = params.flag(0)?;
        self.verbose(on)
    }

    pub(crate) fn verbose(&mut self, on: bool) -> Reply {
        self.preferences.verbose = on;
        DONE
    }

    pub(crate) fn atq(&mut self, params: &Params) -> Reply {
        let on = params.flag(0)?;
        self.quiet(on)
    }

    pub(crate) fn quiet(&mut self, on: bool) -> Reply {
        self.preferences.quiet = on;
        DONE
    }

    pub(crate) fn atx(&mut self, params: &Params) -> Reply {
        let level = params.int(0, 0..=4)?;
        self.result_level(level)
    }

    pub(crate) fn result_level(&mut self, level: u32) -> Reply {
        self.preferences.level = level;
        DONE
    }

    pub(crate) fn at_c(&mut self, params: &Params) -> Reply {
        let mode = params.int(0, 0..=2)?;
        self.carrier(mode)
    }

    pub(crate) fn carrier(&mut self, mode: u32) -> Reply {
        self.preferences.carrier = mode;
        DONE
    }

    pub(crate) fn at_d(&mut self, params: &Params) -> Reply {
        let mode = params.int(0, 0..=2)?;
        self.terminal_ready(mode)
    }

    pub(crate) fn terminal_ready(&mut self, mode: u32) -> Reply {
        self.preferences.terminal_ready = mode;
        DONE
    }

    /// `ATH`: there is no call to end.
    pub(crate) fn ath(&mut self, params: &Params) -> Reply {
        params.int(0, 0..=5)?;
        DONE
    }

    /// `ATD`: nothing can be called.
    pub(crate) fn atd(&mut self, _params: &Params) -> Reply {
        Err(Failure::Cme(3))
    }

    pub(crate) fn atz(&mut self, params: &Params) -> Reply {
        params.int(0, 0..=0)?;
        self.atz_default()
    }

    pub(crate) fn atz_default(&mut self) -> Reply {
        self.preferences = self.saved.clone();
        DONE
    }

    pub(crate) fn at_f(&mut self, params: &Params) -> Reply {
        params.int(0, 0..=0)?;
        self.at_f_default()
    }

    pub(crate) fn at_f_default(&mut self) -> Reply {
        self.preferences = Preferences::factory(true);
        self.system.charset = "GSM";
        DONE
    }

    pub(crate) fn at_w(&mut self, params: &Params) -> Reply {
        params.int(0, 0..=0)?;
        self.at_w_default()
    }

    /// `AT+CMEE` and the S registers of editing are not among what is stored.
    pub(crate) fn at_w_default(&mut self) -> Reply {
        let factory = Preferences::factory(self.profile.echo);
        self.saved = Preferences {
            cmee: factory.cmee,
            s3: factory.s3,
            s5: factory.s5,
            ..self.preferences.clone()
        };
        self.system.saved_rate = self.system.rate;
        DONE
    }

    pub(crate) fn at_v(&mut self) -> Reply {
        let p = &self.preferences;
        let line = format!(
            "E{} Q{} V{} X{} &C{} &D{} S3:{:03} S4:{:03} S5:{:03}",
            u8::from(p.echo),
            u8::from(p.quiet),
            u8::from(p.verbose),
            p.level,
            p.carrier,
            p.terminal_ready,
            p.s3,
            p.registers[4],
            p.s5
        );
        self.info(line);
        DONE
    }

    /// The number of the register that the running command names.
    fn register_number(&self) -> Result<usize, Failure> {
        let number = self.running.command.strip_prefix('S');
        number
            .and_then(|number| number.parse().ok())
            .filter(|number| *number < 16)
            .ok_or(Failure::Error)
    }

    pub(crate) fn register_read(&mut self) -> Reply {
        let value = match self.register_number()? {
            3 => self.preferences.s3,
            5 => self.preferences.s5,
            number => self.preferences.registers[number],
        };
        self.info(format!("{value:03}"));
        DONE
    }

    pub(crate) fn register_write(&mut self, params: &Params) -> Reply {
        let value = u8::try_from(params.int(0, 0..=255)?).map_err(|_| Failure::Error)?;
        match self.register_number()? {
            3..=5 if value > 127 => return Err(Failure::Error),
            3 => self.preferences.s3 = value,
            5 => self.preferences.s5 = value,
            number => self.preferences.registers[number] = value,
        }
        DONE
    }
}
