//! Networks of random weights, small enough to be made by each test that needs one.

use std::ops::Range;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::model_file::BINS;

const WIDTH: usize = 16;
const HEADS: usize = 2;
const AUDIO_CONTEXT: usize = 256;
const TEXT_CONTEXT: usize = 64;

/// Types, as files and tensors call them.
const F32: usize = 0;
const F16: usize = 1;

/// One layer on each side, and a vocabulary.
pub(super) struct RandomNetwork {
    pub(super) n_vocab: usize,
    pub(super) n_mels: usize,
    pub(super) tokens: Vec<Vec<u8>>,
}

impl RandomNetwork {
    /// With a vocabulary of its own: digits, a comma, an end, a start and the times of a window.
    pub(super) fn of_digits() -> Self {
        let digits = (0..10).map(|digit| format!(" {digit}"));
        let others = [",", "<|endoftext|>", "<|startoftranscript|>"].map(str::to_owned);
        let times = (0..65).map(|step| format!("<|{:.2}|>", f64::from(step) * 0.08));
        let tokens: Vec<_> = digits.chain(others).chain(times).map(String::into_bytes).collect();
        Self { n_vocab: tokens.len(), n_mels: 80, tokens }
    }

    /// With as many tokens and mel bands as one of OpenAI's networks: the digits stand where they stand in GPT-2's
    /// table, the words round them are made up.
    pub(super) fn like_stock(n_vocab: usize) -> Self {
        let mut tokens: Vec<_> =
            (0..50_257).map(|number| format!("word{number}").into_bytes()).collect();
        let digits = [657, 352, 362, 513, 604, 642, 718, 767, 807, 860];
        for (value, token) in digits.into_iter().enumerate() {
            tokens[token] = format!(" {value}").into_bytes();
        }
        tokens[11] = b",".to_vec();
        tokens[13] = b".".to_vec();
        Self { n_vocab, n_mels: if n_vocab == 51_866 { 128 } else { 80 }, tokens }
    }

    /// The file as it lies on a disk.
    pub(super) fn file(&self) -> Vec<u8> {
        self.write().bytes
    }

    /// Where in the file it says what follows: everything but filters, texts and weights.
    pub(super) fn structure(&self) -> Vec<Range<usize>> {
        self.write().structure
    }

    pub(super) fn mel_filters(&self) -> Vec<f32> {
        let mut rng = StdRng::seed_from_u64(1);
        (0..self.n_mels * BINS).map(|_| rng.random_range(0.0..0.01)).collect()
    }

    fn write(&self) -> Writer {
        let mut file =
            Writer { bytes: Vec::new(), structure: Vec::new(), rng: StdRng::seed_from_u64(2) };
        file.bytes.extend(0x6767_6d6c_u32.to_le_bytes());
        let (n_vocab, n_mels, layers) = (self.n_vocab, self.n_mels, 1);
        file.numbers(&[n_vocab, AUDIO_CONTEXT, WIDTH, HEADS, layers]);
        file.numbers(&[TEXT_CONTEXT, WIDTH, HEADS, layers, n_mels, F16, n_mels, BINS]);
        file.bytes.extend(self.mel_filters().into_iter().flat_map(f32::to_le_bytes));
        file.numbers(&[self.tokens.len()]);
        for token in &self.tokens {
            file.numbers(&[token.len()]);
            file.bytes.extend(token);
        }
        file.encoder(n_mels);
        file.decoder(n_vocab);
        file
    }
}

/// Changes a few bits in `places`.
pub(super) fn flip_some_bits(file: &mut [u8], places: &[Range<usize>], rng: &mut StdRng) {
    for _ in 0..rng.random_range(1..4) {
        let place = places[rng.random_range(0..places.len())].clone();
        file[rng.random_range(place)] ^= 1 << rng.random_range(0..8);
    }
}

struct Writer {
    bytes: Vec<u8>,
    structure: Vec<Range<usize>>,
    rng: StdRng,
}

impl Writer {
    fn numbers(&mut self, numbers: &[usize]) {
        let from = self.bytes.len();
        for &number in numbers {
            self.bytes.extend(u32::try_from(number).unwrap().to_le_bytes());
        }
        self.structure.push(from..self.bytes.len());
    }

    fn tensor_header(&mut self, name: &str, shape: &[usize], weights: usize) {
        self.numbers(&[shape.len(), name.len(), weights]);
        self.numbers(shape);
        self.bytes.extend(name.as_bytes());
    }

    /// A vector or a positional embedding, with values round `centre`.
    fn plain(&mut self, name: &str, shape: &[usize], centre: f32) {
        self.tensor_header(name, shape, F32);
        for _ in 0..shape.iter().product() {
            let value = centre + self.rng.random_range(-0.5..0.5_f32);
            self.bytes.extend(value.to_le_bytes());
        }
    }

    /// A matrix or a convolution, in f16: numbers of either sign from 1/32 to 1/2.
    fn matrix(&mut self, name: &str, shape: &[usize]) {
        self.tensor_header(name, shape, F16);
        for _ in 0..shape.iter().product() {
            let sign = u16::from(self.rng.random_bool(0.5)) << 15;
            let magnitude = self.rng.random_range(0x2800..0x3800);
            self.bytes.extend((sign | magnitude).to_le_bytes());
        }
    }

    fn norm(&mut self, name: &str) {
        self.plain(&format!("{name}.weight"), &[WIDTH], 1.0);
        self.plain(&format!("{name}.bias"), &[WIDTH], 0.0);
    }

    fn attention(&mut self, name: &str) {
        self.norm(&format!("{name}_ln"));
        for part in ["query", "key", "value", "out"] {
            self.matrix(&format!("{name}.{part}.weight"), &[WIDTH, WIDTH]);
            if part != "key" {
                self.plain(&format!("{name}.{part}.bias"), &[WIDTH], 0.0);
            }
        }
    }

    fn perceptron(&mut self, block: &str) {
        self.norm(&format!("{block}.mlp_ln"));
        for (part, inputs, outputs) in [("0", WIDTH, 4 * WIDTH), ("2", 4 * WIDTH, WIDTH)] {
            self.matrix(&format!("{block}.mlp.{part}.weight"), &[inputs, outputs]);
            self.plain(&format!("{block}.mlp.{part}.bias"), &[outputs], 0.0);
        }
    }

    fn encoder(&mut self, n_mels: usize) {
        self.plain("encoder.positional_embedding", &[WIDTH, AUDIO_CONTEXT], 0.0);
        self.matrix("encoder.conv1.weight", &[3, n_mels, WIDTH]);
        self.plain("encoder.conv1.bias", &[1, WIDTH], 0.0);
        self.matrix("encoder.conv2.weight", &[3, WIDTH, WIDTH]);
        self.plain("encoder.conv2.bias", &[1, WIDTH], 0.0);
        self.norm("encoder.ln_post");
        self.attention("encoder.blocks.0.attn");
        self.perceptron("encoder.blocks.0");
    }

    fn decoder(&mut self, n_vocab: usize) {
        self.plain("decoder.positional_embedding", &[WIDTH, TEXT_CONTEXT], 0.0);
        self.matrix("decoder.token_embedding.weight", &[WIDTH, n_vocab]);
        self.norm("decoder.ln");
        self.attention("decoder.blocks.0.attn");
        self.attention("decoder.blocks.0.cross_attn");
        self.perceptron("decoder.blocks.0");
    }
}
