//! The weights of a ggml file: which tensors a network has, of which shape and type.

use std::collections::HashMap;

use super::model_file::{Dimensions, Reader, Refusal};

/// Longer than any name in [`expected`].
const LONGEST_NAME: usize = 64;

/// How numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct WeightType {
    /// As the header of a file calls it (`ggml_ftype`).
    in_header: i32,
    /// As a tensor calls it (`ggml_type`).
    in_tensor: i32,
    /// Numbers that are stored together.
    block_len: usize,
    /// What a block takes.
    block_bytes: usize,
}

const fn weight_type(
    in_header: i32,
    in_tensor: i32,
    block_len: usize,
    block_bytes: usize,
) -> WeightType {
    WeightType { in_header, in_tensor, block_len, block_bytes }
}

const F32: WeightType = weight_type(0, 0, 1, 4);
const F16: WeightType = weight_type(1, 1, 1, 2);

/// The types that whisper.cpp's `quantize` reads and writes, with numbers and block sizes out of
/// `ggml.h` and `ggml-common.h`. A file all in f32 loads, but ends the process when it is used:
/// `ggml_compute_forward_im2col_f16` asserts that convolutions are f16.
const WEIGHT_TYPES: [WeightType; 11] = [
    F16,
    weight_type(2, 2, 32, 18),     // q4_0
    weight_type(3, 3, 32, 20),     // q4_1
    weight_type(7, 8, 32, 34),     // q8_0
    weight_type(8, 6, 32, 22),     // q5_0
    weight_type(9, 7, 32, 24),     // q5_1
    weight_type(10, 10, 256, 84),  // q2_k
    weight_type(11, 11, 256, 110), // q3_k
    weight_type(12, 12, 256, 144), // q4_k
    weight_type(13, 13, 256, 176), // q5_k
    weight_type(14, 14, 256, 210), // q6_k
];

impl WeightType {
    /// The type by its number in the header of a file.
    pub(super) fn of_file(number: i32) -> Option<Self> {
        WEIGHT_TYPES.into_iter().find(|known| known.in_header == number)
    }

    /// A row's length is a multiple of this.
    pub(super) fn block_len(self) -> usize {
        self.block_len
    }
}

/// What a tensor must look like.
struct Tensor {
    /// Fastest first, as in the file.
    shape: Vec<usize>,
    weights: WeightType,
}

impl Tensor {
    /// The dimensions are bounded, so that this is far from an overflow.
    fn bytes(&self) -> usize {
        self.shape.iter().product::<usize>() / self.weights.block_len * self.weights.block_bytes
    }
}

/// Walks over all tensors, from behind the token table to the end of the file.
pub(super) fn check(
    reader: &mut Reader<'_>,
    dimensions: &Dimensions,
    weights: WeightType,
) -> Result<(), Refusal> {
    let mut missing = expected(dimensions, weights);
    while !reader.is_at_end() {
        check_next(reader, &mut missing)?;
    }
    match missing.into_keys().min() {
        Some(name) => Err(refused(name, "is missing")),
        None => Ok(()),
    }
}

fn check_next(
    reader: &mut Reader<'_>,
    missing: &mut HashMap<String, Tensor>,
) -> Result<(), Refusal> {
    let rank = reader.bounded("rank of a tensor", 1, 3)?;
    let name_length = reader.bounded("length of a tensor's name", 1, LONGEST_NAME)?;
    let in_tensor = reader.number("the type of a tensor")?;
    let mut shape = Vec::with_capacity(rank);
    for _ in 0..rank {
        shape.push(reader.bounded("size of a tensor", 1, i32::MAX as usize)?);
    }
    let name = reader.take(name_length, || "the name of a tensor".to_owned())?;
    let name = String::from_utf8_lossy(name).into_owned();
    let Some(tensor) = missing.remove(&name) else {
        let printable = name.escape_debug().to_string();
        return Err(refused(printable, "is none of such a network, or comes a second time"));
    };
    if shape != tensor.shape {
        let reason = format!("has the shape {shape:?}, and should have {:?}", tensor.shape);
        return Err(refused(name, &reason));
    }
    if in_tensor != tensor.weights.in_tensor {
        let expected = tensor.weights.in_tensor;
        return Err(refused(
            name,
            &format!("has the type {in_tensor}, and should have {expected}"),
        ));
    }
    reader.take(tensor.bytes(), || format!("tensor {name}"))?;
    Ok(())
}

fn refused(name: String, reason: &str) -> Refusal {
    Refusal::Tensor { name, reason: reason.to_owned() }
}

/// The tensors of a network by name: what `whisper_model_load` creates. Matrices have the type of
/// the file, convolutions are f16, everything else is f32.
fn expected(dimensions: &Dimensions, matrices: WeightType) -> HashMap<String, Tensor> {
    let &Dimensions { n_state, n_mels, n_audio_ctx, n_text_ctx, n_vocab, .. } = dimensions;
    let mut all = Expected { tensors: HashMap::new(), n_state, matrices };

    all.add("encoder.positional_embedding", &[n_state, n_audio_ctx], F32);
    all.add("encoder.conv1.weight", &[3, n_mels, n_state], F16);
    all.add("encoder.conv1.bias", &[1, n_state], F32);
    all.add("encoder.conv2.weight", &[3, n_state, n_state], F16);
    all.add("encoder.conv2.bias", &[1, n_state], F32);
    all.add_norm("encoder.ln_post");
    for layer in 0..dimensions.n_audio_layer {
        all.add_block(&format!("encoder.blocks.{layer}"));
    }

    all.add("decoder.positional_embedding", &[n_state, n_text_ctx], F32);
    all.add("decoder.token_embedding.weight", &[n_state, n_vocab], matrices);
    all.add_norm("decoder.ln");
    for layer in 0..dimensions.n_text_layer {
        let block = format!("decoder.blocks.{layer}");
        all.add_block(&block);
        all.add_attention(&format!("{block}.cross_attn"));
    }
    all.tensors
}

struct Expected {
    tensors: HashMap<String, Tensor>,
    n_state: usize,
    matrices: WeightType,
}

impl Expected {
    fn add(&mut self, name: &str, shape: &[usize], weights: WeightType) {
        self.tensors.insert(name.to_owned(), Tensor { shape: shape.to_vec(), weights });
    }

    fn add_norm(&mut self, name: &str) {
        self.add(&format!("{name}.weight"), &[self.n_state], F32);
        self.add(&format!("{name}.bias"), &[self.n_state], F32);
    }

    fn add_matrix(&mut self, name: &str, inputs: usize, outputs: usize) {
        self.add(&format!("{name}.weight"), &[inputs, outputs], self.matrices);
    }

    /// A matrix and what is added to its product.
    fn add_linear(&mut self, name: &str, inputs: usize, outputs: usize) {
        self.add_matrix(name, inputs, outputs);
        self.add(&format!("{name}.bias"), &[outputs], F32);
    }

    /// Keys have no bias.
    fn add_attention(&mut self, name: &str) {
        let n_state = self.n_state;
        self.add_norm(&format!("{name}_ln"));
        self.add_linear(&format!("{name}.query"), n_state, n_state);
        self.add_matrix(&format!("{name}.key"), n_state, n_state);
        self.add_linear(&format!("{name}.value"), n_state, n_state);
        self.add_linear(&format!("{name}.out"), n_state, n_state);
    }

    fn add_block(&mut self, name: &str) {
        let n_state = self.n_state;
        self.add_attention(&format!("{name}.attn"));
        self.add_norm(&format!("{name}.mlp_ln"));
        self.add_linear(&format!("{name}.mlp.0"), n_state, 4 * n_state);
        self.add_linear(&format!("{name}.mlp.2"), 4 * n_state, n_state);
    }
}
