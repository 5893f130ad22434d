// Package graft adds the products of low-rank adapters to the operations of an ML
// Program that compute the adapted modules: beside y = linear(x, W) come
// a = linear(x, A) and b = linear(a, s·B), and y becomes the sum. W stays as it is,
// compressed or not. So an engine runs an adapter on a package that knows nothing of it,
// and a converter writes functions that share all other weights.
//
// # Which operation is which module
//
// A package that this module's converter wrote says in its metadata ([TensorsKey]) from
// which tensor of the checkpoint each weight comes. Of others the names of the weights
// are compared with those of the modules: coremltools makes
// model_layers_0_self_attn_q_proj_weight_to_fp16_quantized of
// model.layers.0.self_attn.q_proj. Where those differ too, the number of the layer and
// the role of a matrix in it, such as q or down_proj, decide. Whatever is found must
// have the module's sizes. Modules for which nothing is found are one error that lists
// them all.
package graft
