// Package coreml loads Core ML models and makes predictions with them, on macOS
// and on every other system.
//
// A model is an .mlpackage folder that holds an ML Program. On macOS Core ML
// itself executes it, on the CPU, the GPU or the Neural Engine; everywhere else,
// and there too when [Config.Engine] or the environment variable COREML_ENGINE
// asks for it, the portable engine executes it: it is written in Go, maps the
// weights instead of loading them and uses compressed weights as they are
// stored. Stateful models, whose buffers such as a key-value cache live between
// predictions, are the reason for this package.
//
// # A first program
//
//	m, err := coreml.Load(ctx, "Model.mlpackage", nil)
//	if err != nil {
//		return err
//	}
//	defer m.Close()
//	st, err := m.NewState() // one for each conversation
//	if err != nil {
//		return err
//	}
//	defer st.Close()
//	ids := tensor.FromSlice([]int32{1, 15043, 3186}, 1, 3)
//	mask := tensor.CausalMask(tensor.Float16, 3, 0, nil) // a row for each token
//	out, err := m.Predict(ctx, coreml.Features{
//		"inputIds":   coreml.MultiArray(ids),
//		"causalMask": coreml.MultiArray(mask),
//	}, st, nil)
//	if err != nil {
//		return err
//	}
//	logits := out.Tensor("logits")
//
// [Model.Description] names the features with their types and allowed shapes.
// Package generate builds text generation on top.
//
// # Concurrency
//
// A [Model] is safe for concurrent use. A [State] is used by one call at a
// time; a call that finds it in use fails with [ErrStateBusy] rather than wait
// or mix things up. So any number of conversations share one Model, each with a
// State of its own; [Model.PredictMany] makes the next step of several of them in one
// pass over the weights. Tensors and Features are ordinary data: reading them from
// several goroutines is safe while nobody writes.
//
// # Memory
//
// Predict reads its inputs only while it runs. The outputs that it makes own
// their memory and stay valid after [Model.Close]; buffers that the caller
// supplied through [PredictOptions] are the caller's, and with them Predict
// allocates nothing in the steady state. Weight files are mapped: replace
// them by renaming. One that is shortened while it is in use makes the prediction
// fail with [ErrFileChanged].
//
// Close gives memory back at a time of your choosing. What is forgotten is
// closed by the garbage collector at a time of its own.
//
// # Errors
//
// Every error begins with "coreml: " once and wraps what it is about: the Err
// values of this package, [*InputError] for a refused input or output buffer,
// [*FrameworkError] for what Core ML itself reported, [*UnsupportedOpsError] for a program that the engine cannot execute, and the
// context's error after a cancellation. Nothing that a package, an input or a
// saved state holds makes this package panic.
//
// A prediction that fails before it has written to its State changes nothing. That
// is so for whatever does not fit: inputs, output buffers, shapes that do not go
// together, an index outside of what it indexes, as far as shapes and small integers
// tell. One that fails or is cancelled after that leaves its State marked: see
// [State.Err]. A shape or an index that does not fit is [ErrShape] or the ErrValue
// of package tensor.
//
// # Contexts
//
// A context that ends is obeyed within some hundredths of a second by Load and
// Predict, whatever operation runs and however large it is, and no result is
// returned after that. A nil context is context.Background.
//
// # Limits
//
// The portable engine executes ML Programs (iOS 15 and later) on the CPU, with
// multi-arrays, numbers and images as inputs and outputs, and the labels and
// probabilities of classifiers as outputs. Of compiled models (.mlmodelc) it executes
// ML Programs and pipelines of them; others are for the framework only and refused
// with a [CompiledModelError]. Strings, dictionaries and sequences are refused with
// [ErrUnsupportedModel] as inputs. An image is not resized: it must have a size
// that the model allows.
package coreml
