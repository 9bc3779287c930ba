//! What the processor must be able to do.
//!
//! whisper.cpp's library is built for one level of instructions and does not look before it uses
//! them: an older processor ends the process with SIGILL. So the daemon looks first.

/// What x86-64-v3 has and ggml uses when it is built by `.cargo/config.toml`.
#[cfg(target_arch = "x86_64")]
pub(super) fn missing_instructions() -> Vec<&'static str> {
    let needed = [
        ("AVX", is_x86_feature_detected!("avx")),
        ("AVX2", is_x86_feature_detected!("avx2")),
        ("BMI2", is_x86_feature_detected!("bmi2")),
        ("F16C", is_x86_feature_detected!("f16c")),
        ("FMA", is_x86_feature_detected!("fma")),
    ];
    needed.into_iter().filter(|(_, is_there)| !is_there).map(|(name, _)| name).collect()
}

/// Elsewhere ggml is built for what every processor of the architecture has.
#[cfg(not(target_arch = "x86_64"))]
pub(super) fn missing_instructions() -> Vec<&'static str> {
    Vec::new()
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::*;

    #[test]
    fn a_release_runs_on_other_processors_than_that_of_its_builder() {
        assert_eq!(missing_instructions(), [""; 0], "this machine can not run the library");
        let built_for = whisper_rs::print_system_info();
        assert!(built_for.contains("AVX2 = 1"), "{built_for}");
        assert!(
            !built_for.contains("AVX512 = 1"),
            "built for this processor alone, and not by .cargo/config.toml: \
             run `cargo clean -p whisper-rs-sys` and build again. {built_for}"
        );
    }
}
