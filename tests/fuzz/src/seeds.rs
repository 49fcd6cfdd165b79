//! Inputs to begin with, made from what the project knows: its transcripts of real modules.

use std::fs;
use std::path::Path;

/// One transcript: what each side wrote, in order.
#[derive(Debug, Clone, Default)]
pub struct Transcript {
    /// Entries: whether from the module, and the bytes.
    pub entries: Vec<(bool, Vec<u8>)>,
}

impl Transcript {
    /// Everything that the module printed.
    #[must_use]
    pub fn printed(&self) -> Vec<u8> {
        let printed = self.entries.iter().filter(|(printed, _)| *printed);
        printed.flat_map(|(_, bytes)| bytes.clone()).collect()
    }

    /// Everything that the host typed.
    #[must_use]
    pub fn typed(&self) -> Vec<u8> {
        let typed = self.entries.iter().filter(|(printed, _)| !*printed);
        typed.flat_map(|(_, bytes)| bytes.clone()).collect()
    }

    /// As a trace without times.
    #[must_use]
    pub fn as_trace(&self) -> String {
        let line = |(printed, bytes): &(bool, Vec<u8>)| {
            let sign = if *printed { '<' } else { '>' };
            format!("{sign} {}\n", atmqtt_emulator::trace::escape(bytes))
        };
        self.entries.iter().map(line).collect()
    }
}

/// The transcripts of the project, in the order of their names; none where they are not there.
#[must_use]
pub fn transcripts() -> Vec<Transcript> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../transcripts");
    let Ok(files) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut paths: Vec<_> = files.flatten().map(|file| file.path()).collect();
    paths.sort();
    let is_case = |path: &Path| path.extension().is_some_and(|extension| extension == "txt");
    paths
        .iter()
        .filter(|path| is_case(path))
        .filter_map(|path| fs::read_to_string(path).ok())
        .map(|text| read(&text))
        .filter(|transcript| !transcript.entries.is_empty())
        .collect()
}

fn read(text: &str) -> Transcript {
    let entry = |line: &str| {
        let (sign, bytes) = line.trim().split_once(' ')?;
        let printed = match sign {
            "<" => true,
            ">" => false,
            _ => return None,
        };
        Some((printed, atmqtt_emulator::trace::unescape(bytes).ok()?))
    };
    Transcript {
        entries: text.lines().filter_map(entry).collect(),
    }
}
