//! Every command the module knows: its name, its forms, who handles them.

use super::Module;
use super::line::Form;
use super::params::{Failure, Params};
use super::run::{Done, Reply};

/// A handler of a form without parameters.
type Plain = fn(&mut Module) -> Reply;

/// One command.
pub(crate) struct Entry {
    name: &'static str,
    /// `=?`
    test: Test,
    /// `?`
    read: Option<Plain>,
    /// `=...`, for basic commands a number behind the letter.
    write: Option<fn(&mut Module, &Params) -> Reply>,
    /// Bare.
    execute: Option<Plain>,
}

/// The answer to a test form.
enum Test {
    /// There is no test form.
    No,
    /// `OK`.
    Bare,
    /// A line behind `+NAME: `.
    Line(&'static str),
    /// A handler.
    By(Plain),
}

const fn entry(name: &'static str) -> Entry {
    Entry {
        name,
        test: Test::Bare,
        read: None,
        write: None,
        execute: None,
    }
}

impl Entry {
    const fn test(mut self, line: &'static str) -> Self {
        self.test = Test::Line(line);
        self
    }

    const fn test_by(mut self, by: Plain) -> Self {
        self.test = Test::By(by);
        self
    }

    const fn no_test(mut self) -> Self {
        self.test = Test::No;
        self
    }

    const fn read(mut self, by: Plain) -> Self {
        self.read = Some(by);
        self
    }

    const fn write(mut self, by: fn(&mut Module, &Params) -> Reply) -> Self {
        self.write = Some(by);
        self
    }

    const fn execute(mut self, by: Plain) -> Self {
        self.execute = Some(by);
        self
    }
}

/// A basic command with a number that may be left out.
const fn basic(
    name: &'static str,
    write: fn(&mut Module, &Params) -> Reply,
    execute: Plain,
) -> Entry {
    entry(name).no_test().write(write).execute(execute)
}

static COMMANDS: &[Entry] = &[
    // MQTT (note 3.3).
    entry("+QMTCFG")
        .test_by(Module::qmtcfg_test)
        .write(Module::qmtcfg),
    entry("+QMTOPEN")
        .test_by(Module::qmtopen_test)
        .read(Module::qmtopen_read)
        .write(Module::qmtopen),
    entry("+QMTCLOSE")
        .test_by(|m| m.clients_test("QMTCLOSE"))
        .write(Module::qmtclose),
    entry("+QMTCCLOSE").no_test().write(Module::qmtcclose),
    entry("+QMTCONN")
        .test_by(Module::qmtconn_test)
        .read(Module::qmtconn_read)
        .write(Module::qmtconn),
    entry("+QMTDISC")
        .test_by(|m| m.clients_test("QMTDISC"))
        .write(Module::qmtdisc),
    entry("+QMTSUB")
        .test_by(Module::qmtsub_test)
        .write(Module::qmtsub),
    entry("+QMTUNS")
        .test_by(Module::qmtuns_test)
        .write(Module::qmtuns),
    entry("+QMTPUB")
        .test_by(Module::qmtpub_test)
        .write(Module::qmtpub),
    entry("+QMTPUBEX")
        .test_by(Module::qmtpubex_test)
        .write(Module::qmtpubex),
    entry("+QMTRECV")
        .read(Module::qmtrecv_read)
        .write(Module::qmtrecv),
    // Basic commands (supplement 2.4).
    basic("E", Module::ate, |m| m.echo(false)),
    basic("V", Module::atv, |m| m.verbose(false)),
    basic("Q", Module::atq, |m| m.quiet(false)),
    basic("Z", Module::atz, Module::atz_default),
    basic("X", Module::atx, |m| m.result_level(0)),
    basic("H", Module::ath, |_| Ok(Done::Ok)),
    basic("O", |_, _| Err(Failure::Error), |_| Err(Failure::Error)),
    basic("D", Module::atd, |_| Err(Failure::Error)),
    basic("A", |_, _| Err(Failure::Error), |_| Err(Failure::Error)),
    basic("I", Module::ati_number, Module::ati),
    basic("&F", Module::at_f, Module::at_f_default),
    basic("&W", Module::at_w, Module::at_w_default),
    basic("&C", Module::at_c, |m| m.carrier(0)),
    basic("&D", Module::at_d, |m| m.terminal_ready(0)),
    entry("&V").no_test().execute(Module::at_v),
    // Identity.
    entry("+CGMI").execute(Module::manufacturer),
    entry("+GMI").execute(Module::manufacturer),
    entry("+CGMM").execute(Module::model),
    entry("+GMM").execute(Module::model),
    entry("+CGMR").execute(Module::revision),
    entry("+GMR").execute(Module::revision),
    entry("+QGMR").execute(Module::revision),
    entry("+CGSN").execute(Module::serial_number),
    entry("+GSN").execute(Module::serial_number),
    entry("+CIMI").execute(Module::cimi),
    entry("+QCCID").execute(Module::qccid).read(Module::qccid),
    entry("+ICCID").execute(Module::iccid).read(Module::iccid),
    entry("+CCID").execute(Module::ccid).read(Module::ccid),
    entry("+GCAP").execute(Module::gcap),
    // SIM and network.
    entry("+CPIN").read(Module::cpin_read).write(Module::cpin),
    entry("+QINISTAT").execute(Module::qinistat),
    entry("+CSQ")
        .test("(0-31,99),(0-7,99)")
        .execute(Module::csq),
    entry("+CESQ")
        .test("(0-63,99),(0-7,99),(0-96,255),(0-49,255),(0-34,255),(0-97,255)")
        .execute(Module::cesq),
    entry("+QCSQ")
        .test("\"NOSERVICE\",\"LTE\"")
        .execute(Module::qcsq),
    entry("+CREG")
        .test("(0-2)")
        .read(Module::creg_read)
        .write(Module::creg),
    entry("+CGREG")
        .test("(0-2)")
        .read(Module::cgreg_read)
        .write(Module::cgreg),
    entry("+CEREG")
        .test("(0-2)")
        .read(Module::cereg_read)
        .write(Module::cereg),
    entry("+CGATT")
        .test("(0,1)")
        .read(Module::cgatt_read)
        .write(Module::cgatt),
    entry("+COPS")
        .test_by(Module::cops_test)
        .read(Module::cops_read)
        .write(Module::cops),
    entry("+QNWINFO").execute(Module::qnwinfo),
    entry("+QSPN").execute(Module::qspn),
    // Packet data (supplement 2.7).
    entry("+CGDCONT")
        .test_by(Module::cgdcont_test)
        .read(Module::cgdcont_read)
        .write(Module::cgdcont),
    entry("+CGACT")
        .test("(0,1)")
        .read(Module::cgact_read)
        .write(Module::cgact),
    entry("+CGPADDR")
        .test_by(Module::cgpaddr_test)
        .write(Module::cgpaddr)
        .execute(Module::cgpaddr_all),
    entry("+QICSGP")
        .test("(1-15),(1-3),<APN>,<username>,<password>,(0-3)")
        .write(Module::qicsgp),
    entry("+QIACT")
        .test("(1-15)")
        .read(Module::qiact_read)
        .write(Module::qiact),
    entry("+QIDEACT").test("(1-15)").write(Module::qideact),
    entry("+QIGETERROR").execute(Module::qigeterror),
    // Files (supplement 2.9).
    entry("+QFLDS")
        .write(Module::qflds)
        .execute(Module::qflds_files),
    entry("+QFLST")
        .write(Module::qflst)
        .execute(Module::qflst_all),
    entry("+QFDEL").test("<filename>").write(Module::qfdel),
    entry("+QFUPL")
        .test("<filename>[,(1-<freesize>)[,(1-65535)[,(0,1)]]]")
        .write(Module::qfupl),
    entry("+QFDWL").test("<filename>").write(Module::qfdwl),
    entry("+QFOPEN")
        .test("<filename>[,(0-2)]")
        .read(Module::qfopen_read)
        .write(Module::qfopen),
    entry("+QFREAD")
        .test("<filehandle>[,<length>]")
        .write(Module::qfread),
    entry("+QFWRITE")
        .test("<filehandle>[,<length>[,(1-65535)]]")
        .write(Module::qfwrite),
    entry("+QFSEEK")
        .test("<filehandle>,<offset>[,(0-2)]")
        .write(Module::qfseek),
    entry("+QFPOSITION")
        .test("<filehandle>")
        .write(Module::qfposition),
    entry("+QFTUCAT")
        .test("<filehandle>")
        .write(Module::qftucat),
    entry("+QFCLOSE")
        .test("<filehandle>")
        .write(Module::qfclose),
    // SSL (supplement 2.8).
    entry("+QSSLCFG")
        .test_by(Module::qsslcfg_test)
        .write(Module::qsslcfg),
    // No SSL socket is ever open.
    entry("+QSSLSTATE")
        .read(|_| Ok(Done::Ok))
        .execute(|_| Ok(Done::Ok)),
    // The module itself.
    entry("+CMEE")
        .test("(0-2)")
        .read(Module::cmee_read)
        .write(Module::cmee),
    entry("+CFUN")
        .test("(0,1,4),(0,1)")
        .read(Module::cfun_read)
        .write(Module::cfun),
    entry("+CCLK").read(Module::cclk_read).write(Module::cclk),
    entry("+CTZU")
        .test("(0,1,3)")
        .read(Module::ctzu_read)
        .write(Module::ctzu),
    entry("+CTZR")
        .test("(0-2)")
        .read(Module::ctzr_read)
        .write(Module::ctzr),
    entry("+QLTS")
        .test("(0-2)")
        .write(Module::qlts)
        .execute(Module::qlts_now),
    entry("+IPR")
        .test_by(Module::ipr_test)
        .read(Module::ipr_read)
        .write(Module::ipr),
    entry("+IFC")
        .test("(0,2),(0,2)")
        .read(Module::ifc_read)
        .write(Module::ifc),
    entry("+ICF")
        .test("(3),(0-3)")
        .read(Module::icf_read)
        .write(Module::icf),
    entry("+CSCS")
        .test("(\"GSM\",\"IRA\",\"UCS2\")")
        .read(Module::cscs_read)
        .write(Module::cscs),
    entry("+QURCCFG")
        .test_by(Module::qurccfg_test)
        .write(Module::qurccfg),
    entry("+QINDCFG")
        .test_by(Module::qindcfg_test)
        .write(Module::qindcfg),
    entry("+QCFG")
        .test_by(Module::qcfg_test)
        .write(Module::qcfg),
    entry("+QSCLK")
        .test("(0-2)")
        .read(Module::qsclk_read)
        .write(Module::qsclk),
    entry("+CPAS").execute(Module::cpas),
    entry("+CBC").execute(Module::cbc),
    entry("+QPOWD")
        .test("(0,1)")
        .write(Module::qpowd)
        .execute(Module::qpowd_default),
];

/// The command of this name, in upper case.
pub(crate) fn find(name: &str) -> Option<&'static Entry> {
    let base = if name.starts_with('S') && name.len() > 1 {
        "S"
    } else {
        name
    };
    if base == "S" {
        return Some(&REGISTER);
    }
    COMMANDS.iter().find(|entry| entry.name == name)
}

/// `ATS<n>`: the number is part of the name, so the handlers read it from there.
static REGISTER: Entry = entry("S")
    .read(Module::register_read)
    .write(Module::register_write);

/// Runs one form of a command. `params` are those of a write form.
pub(crate) fn run(
    module: &mut Module,
    entry: &'static Entry,
    form: &Form,
    params: Result<Params, Failure>,
) -> Reply {
    let mqtt = entry.name.starts_with("+QMT");
    let missing = Err(Failure::Error);
    match form {
        Form::Test => {
            module.running.compact = mqtt && module.profile.compact_test;
            match entry.test {
                Test::No => missing,
                Test::Bare => Ok(Done::Ok),
                Test::Line(line) => {
                    let line = module.header(entry.name.trim_start_matches('+'), line);
                    module.info(line);
                    Ok(Done::Ok)
                }
                Test::By(by) => by(module),
            }
        }
        Form::Read => {
            let reply = entry.read.map_or(missing, |by| by(module));
            // Without an answer line the empty line before the code stays.
            module.running.compact =
                mqtt && module.profile.compact_read && !module.running.info.is_empty();
            reply
        }
        Form::Write(_) => entry.write.map_or(missing, |by| by(module, &params?)),
        Form::Execute => entry.execute.map_or(missing, |by| by(module)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        for (index, entry) in COMMANDS.iter().enumerate() {
            let twice = COMMANDS[index + 1..]
                .iter()
                .any(|other| other.name == entry.name);
            assert!(!twice, "{}", entry.name);
        }
    }
}
