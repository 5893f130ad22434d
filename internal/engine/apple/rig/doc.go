// Package rig runs CoreML.framework's engine on Linux, for tests: over the GNU
// Objective-C runtime, GNUstep's Foundation and a stand-in for CoreML.framework
// whose sources lie in testdata/standin. What a model computes is answered by the
// portable engine, so that whole programs go through every message that would be
// sent on a Mac.
//
// [Start] builds and loads the stand-in. Where its compiler or libraries are
// missing the calling test is skipped, by name, unless COREML_RIG=required is
// set: then it fails.
//
// A package's behaviour is changed by a file of the name [OptionsFile] in it, a
// line "key=value" for each option; [Package] and [Copy] write it:
//
//	pad=64               rows of outputs are padded to a multiple of so many bytes
//	state-pad=64         the same for the views of states
//	pixels=1             float16 outputs lie in pixel buffers
//	output-type=65552    floating-point outputs are of this element type
//	output-missing=NAME  the result lacks an output
//	backing-ignore=1     the caller's output backings are not used
//	keep-inputs=1        inputs are released only at the next prediction
//	compile-delay, load-delay, predict-delay=MS
//	compile-gate, load-gate, predict-gate=1
//	                     the step waits at the gate, which [ShutGate] shuts
//	compile-error, load-error, predict-error=CODE   an NSError of that code
//	predict-error-at=N   only the N-th prediction fails
//	compile-nil, load-nil, predict-nil, state-nil, description-nil=1
//	                     nil without an NSError
//	state-silent=1       the handler of a state's buffer is not called
//
// What the framework's documentation leaves undefined, such as two uses of a
// state at once, the stand-in survives and counts: see [Violations].
package rig
