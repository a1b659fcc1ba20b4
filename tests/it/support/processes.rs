//! Processes of linkgate, found by what they serve.

use std::path::Path;

/// The numbers of those that serve a configuration.
pub fn serving(file: &Path) -> Vec<u32> {
    let file = file.as_os_str().as_encoded_bytes();
    let serves = |process: &u32| {
        let line = std::fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
        let words: Vec<_> = line.split(|byte| *byte == 0).collect();
        words.contains(&b"serve".as_slice()) && words.contains(&file)
    };
    let all = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let all = all.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    all.filter(serves).collect()
}
