//! What the module says that it supports.

use std::ffi::{CString, c_char};

use atmqtt::{Capabilities, Supported};

use crate::border::{Result, c_string, guard, guard_or, place, required, text};
use crate::lines::atmqtt_lines;
use crate::modem::atmqtt_modem;

/// What a module says that it can do: its answers to the test forms "=?", as they were when it was asked.
/// Nothing of it changes any more, and any number of threads may read it. It does not need the port.
pub struct atmqtt_capabilities {
    capabilities: Capabilities,
    commands: Named,
    /// With their names in lower case.
    settings: Named,
}

/// Numbers that a parameter may take, both ends included.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct atmqtt_range {
    /// The lowest.
    pub low: i64,
    /// The highest; the same for a single number.
    pub high: i64,
}

/// One parameter of a command or setting, as a test form lists it. It belongs to its atmqtt_capabilities, and
/// so does all that it points to. Later versions add fields at the end.
#[repr(C)]
pub struct atmqtt_parameter {
    /// As the module prints it: "(0-5)", "(0,1)", "hostname", "<msgid>". Never NULL.
    pub text: *const c_char,
    /// The numbers that it may take; NULL where the text is a word that stands for a string or for an
    /// unspecified number.
    pub ranges: *const atmqtt_range,
    /// How many ranges; 0 for a word.
    pub range_count: usize,
}

/// Parameters with what they point to.
struct Parameters {
    shown: Vec<atmqtt_parameter>,
    _texts: Vec<CString>,
    _ranges: Vec<Vec<atmqtt_range>>,
}

/// Parameters of commands or settings, sorted by name.
type Named = Vec<(String, Parameters)>;

// SAFETY: the pointers are to what the same struct owns and nobody changes.
unsafe impl Send for Parameters {}
// SAFETY: as above.
unsafe impl Sync for Parameters {}

impl Parameters {
    fn new(parameters: &[Supported]) -> Self {
        let texts: Vec<CString> = parameters
            .iter()
            .map(|parameter| c_string(parameter.to_string()))
            .collect();
        let ranges: Vec<Vec<atmqtt_range>> = parameters.iter().map(ranges).collect();
        let shown = texts
            .iter()
            .zip(&ranges)
            .map(|(text, ranges)| atmqtt_parameter {
                text: text.as_ptr(),
                ranges: if ranges.is_empty() {
                    std::ptr::null()
                } else {
                    ranges.as_ptr()
                },
                range_count: ranges.len(),
            })
            .collect();
        Self {
            shown,
            _texts: texts,
            _ranges: ranges,
        }
    }
}

fn ranges(parameter: &Supported) -> Vec<atmqtt_range> {
    match parameter {
        Supported::Numbers(ranges) => ranges
            .iter()
            .map(|range| atmqtt_range {
                low: *range.start(),
                high: *range.end(),
            })
            .collect(),
        Supported::Placeholder(_) => Vec::new(),
    }
}

impl atmqtt_capabilities {
    fn new(capabilities: Capabilities) -> Self {
        let commands = capabilities
            .command_names()
            .filter_map(|name| {
                let parameters = capabilities.command(name)?;
                Some((name.to_owned(), Parameters::new(parameters)))
            })
            .collect();
        let settings = capabilities
            .setting_names()
            .filter_map(|name| {
                let parameters = capabilities.setting_named(name)?;
                Some((name.to_owned(), Parameters::new(parameters)))
            })
            .collect();
        Self {
            capabilities,
            commands,
            settings,
        }
    }

    fn shown_command(&self, name: &str) -> &[atmqtt_parameter] {
        shown(&self.commands, name)
    }

    fn shown_setting(&self, name: &str) -> &[atmqtt_parameter] {
        shown(&self.settings, &name.to_ascii_lowercase())
    }
}

fn shown<'a>(all: &'a Named, name: &str) -> &'a [atmqtt_parameter] {
    all.iter()
        .find(|(its, _)| its == name)
        .map_or(&[], |(_, parameters)| &parameters.shown)
}

fn names_of(all: &Named) -> *mut atmqtt_lines {
    let names: Vec<String> = all.iter().map(|(name, _)| name.clone()).collect();
    atmqtt_lines::into_raw(&names)
}

/// Asks the module what it supports (AT+QMTCFG=?, AT+QMTOPEN=? and seven more). Blocks for nine commands. A
/// command that the module refuses is not supported, and that is no error.
///
/// @param capabilities  where the handle is written; free it with atmqtt_capabilities_free().
/// @return ATMQTT_OK; ATMQTT_UNCONFIRMED where the module falls silent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_modem_capabilities(
    modem: *mut atmqtt_modem,
    capabilities: *mut *mut atmqtt_capabilities,
) -> i32 {
    guard(|| {
        // SAFETY: the program's promises about its pointers.
        let (modem, place) = unsafe {
            (
                required(modem, "modem")?,
                place(capabilities, "capabilities")?,
            )
        };
        let capabilities = atmqtt_capabilities::new(modem.bounded().capabilities()?);
        place.put(Box::into_raw(Box::new(capabilities)));
        Ok(())
    })
}

/// Frees the handle, with every atmqtt_parameter of it. NULL is fine. No other thread may be using it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_capabilities_free(capabilities: *mut atmqtt_capabilities) {
    if !capabilities.is_null() {
        // SAFETY: it comes from `atmqtt_modem_capabilities` and is given back this once.
        let handle = unsafe { Box::from_raw(capabilities) };
        guard_or((), || drop(handle));
    }
}

/// Whether the module knows a command.
///
/// @param command  as "QMTPUBEX": QMTCFG, QMTOPEN, QMTCLOSE, QMTCONN, QMTDISC, QMTSUB, QMTUNS, QMTPUBEX and
/// QMTRECV have been asked for.
/// @param supported  where 1 or 0 is written; 0 also for a command that has not been asked for.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_capabilities_supports_command(
    capabilities: *const atmqtt_capabilities,
    command: *const c_char,
    supported: *mut i32,
) -> i32 {
    // SAFETY: the program's promises about its pointers.
    guard(|| unsafe {
        look_up(
            capabilities,
            (command, "command"),
            (supported, "supported"),
            |all, name| all.capabilities.supports_command(name).into(),
        )
    })
}

/// Whether the module lists a setting of AT+QMTCFG.
///
/// @param setting  the name on the wire, as "recv/mode", in either case; also one that this library has no
/// field for.
/// @param supported  where 1 or 0 is written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_capabilities_supports_setting(
    capabilities: *const atmqtt_capabilities,
    setting: *const c_char,
    supported: *mut i32,
) -> i32 {
    // SAFETY: the program's promises about its pointers.
    guard(|| unsafe {
        look_up(
            capabilities,
            (setting, "setting"),
            (supported, "supported"),
            |all, name| all.capabilities.setting_named(name).is_some().into(),
        )
    })
}

/// How many parameters the module lists for a command.
///
/// @param command  as for atmqtt_capabilities_supports_command().
/// @param count  where the number is written; 0 also where the command is not supported, or is without a list.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_capabilities_command_parameter_count(
    capabilities: *const atmqtt_capabilities,
    command: *const c_char,
    count: *mut usize,
) -> i32 {
    // SAFETY: the program's promises about its pointers.
    guard(|| unsafe {
        look_up(
            capabilities,
            (command, "command"),
            (count, "count"),
            |all, name| all.shown_command(name).len(),
        )
    })
}

/// How many parameters the module lists for a setting, the client index included.
///
/// @param setting  as for atmqtt_capabilities_supports_setting().
/// @param count  where the number is written; 0 also where the setting is not supported.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_capabilities_setting_parameter_count(
    capabilities: *const atmqtt_capabilities,
    setting: *const c_char,
    count: *mut usize,
) -> i32 {
    // SAFETY: the program's promises about its pointers.
    guard(|| unsafe {
        look_up(
            capabilities,
            (setting, "setting"),
            (count, "count"),
            |all, name| all.shown_setting(name).len(),
        )
    })
}

/// One parameter of a command, as the module lists it.
///
/// @param command  as for atmqtt_capabilities_supports_command().
/// @param index  which, from 0.
/// @param parameter  where a pointer is written that lives until atmqtt_capabilities_free(); NULL where the
/// module lists no such parameter.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_capabilities_command_parameter(
    capabilities: *const atmqtt_capabilities,
    command: *const c_char,
    index: usize,
    parameter: *mut *const atmqtt_parameter,
) -> i32 {
    // SAFETY: the program's promises about its pointers.
    guard(|| unsafe {
        look_up(
            capabilities,
            (command, "command"),
            (parameter, "parameter"),
            |all, name| pointer(all.shown_command(name), index),
        )
    })
}

/// One parameter of a setting, as the module lists it.
///
/// @param setting  as for atmqtt_capabilities_supports_setting().
/// @param index  which, from 0, which is the client index.
/// @param parameter  as for atmqtt_capabilities_command_parameter().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_capabilities_setting_parameter(
    capabilities: *const atmqtt_capabilities,
    setting: *const c_char,
    index: usize,
    parameter: *mut *const atmqtt_parameter,
) -> i32 {
    // SAFETY: the program's promises about its pointers.
    guard(|| unsafe {
        look_up(
            capabilities,
            (setting, "setting"),
            (parameter, "parameter"),
            |all, name| pointer(all.shown_setting(name), index),
        )
    })
}

/// Whether the module says that a parameter of a command takes a number.
///
/// @param command  as for atmqtt_capabilities_supports_command().
/// @param index  which parameter, from 0.
/// @param value  the number.
/// @param allowed  where 1 or 0 is written: 1 also for any number where the list has a word, 0 also where the
/// module lists no such parameter.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_capabilities_command_allows(
    capabilities: *const atmqtt_capabilities,
    command: *const c_char,
    index: usize,
    value: i64,
    allowed: *mut i32,
) -> i32 {
    // SAFETY: the program's promises about its pointers.
    guard(|| unsafe {
        look_up(
            capabilities,
            (command, "command"),
            (allowed, "allowed"),
            |all, name| allows(all.capabilities.command(name), index, value),
        )
    })
}

/// Whether the module says that a parameter of a setting takes a number.
///
/// @param setting  as for atmqtt_capabilities_supports_setting().
/// @param index  which parameter, from 0, which is the client index.
/// @param value  the number.
/// @param allowed  as for atmqtt_capabilities_command_allows().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_capabilities_setting_allows(
    capabilities: *const atmqtt_capabilities,
    setting: *const c_char,
    index: usize,
    value: i64,
    allowed: *mut i32,
) -> i32 {
    // SAFETY: the program's promises about its pointers.
    guard(|| unsafe {
        look_up(
            capabilities,
            (setting, "setting"),
            (allowed, "allowed"),
            |all, name| allows(all.capabilities.setting_named(name), index, value),
        )
    })
}

/// The names of the commands that the module knows, as "QMTPUBEX", of those that have been asked for.
///
/// @param names  where they are written; free them with atmqtt_lines_free().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_capabilities_command_names(
    capabilities: *const atmqtt_capabilities,
    names: *mut *mut atmqtt_lines,
) -> i32 {
    guard(|| {
        // SAFETY: the program's promises about its pointers.
        let (all, names) = unsafe {
            (
                required(capabilities, "capabilities")?,
                place(names, "names")?,
            )
        };
        names.put(names_of(&all.commands));
        Ok(())
    })
}

/// The names of the settings that the module lists (AT+QMTCFG=?), in lower case, sorted.
///
/// @param names  where they are written; free them with atmqtt_lines_free().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_capabilities_setting_names(
    capabilities: *const atmqtt_capabilities,
    names: *mut *mut atmqtt_lines,
) -> i32 {
    guard(|| {
        // SAFETY: the program's promises about its pointers.
        let (all, names) = unsafe {
            (
                required(capabilities, "capabilities")?,
                place(names, "names")?,
            )
        };
        names.put(names_of(&all.settings));
        Ok(())
    })
}

/// Answers a question about one command or setting. Each pointer comes with the name of its parameter.
///
/// # Safety
///
/// The pointers are NULL or what the header says of them.
unsafe fn look_up<T>(
    capabilities: *const atmqtt_capabilities,
    (name, name_parameter): (*const c_char, &str),
    (answer, answer_parameter): (*mut T, &str),
    question: impl FnOnce(&atmqtt_capabilities, &str) -> T,
) -> Result<()> {
    // SAFETY: as the caller promises.
    let (all, name, answer) = unsafe {
        (
            required(capabilities, "capabilities")?,
            text(name, name_parameter)?,
            place(answer, answer_parameter)?,
        )
    };
    answer.put(question(all, name));
    Ok(())
}

fn pointer(parameters: &[atmqtt_parameter], index: usize) -> *const atmqtt_parameter {
    parameters
        .get(index)
        .map_or(std::ptr::null(), std::ptr::from_ref)
}

fn allows(parameters: Option<&[Supported]>, index: usize, value: i64) -> i32 {
    let parameter = parameters.and_then(|parameters| parameters.get(index));
    parameter
        .is_some_and(|parameter| parameter.allows(value))
        .into()
}
