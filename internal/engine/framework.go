package engine

import (
	"context"
	"errors"
)

// ErrUnsupportedOS means that the running system is too old for what was asked:
// Core ML has states, functions and their descriptions from macOS 15 on.
var ErrUnsupportedOS = errors.New("the system is too old")

// Framework holds the parts of a Config that only CoreML.framework takes.
// Engines of ours ignore it. Its fields are coreml.FrameworkConfig's, which is
// converted to it as a whole.
type Framework struct {
	// LowPrecisionAccumulation allows the GPU to accumulate in float16.
	LowPrecisionAccumulation bool
	// FastPrediction asks for a specialisation that predicts faster and takes
	// longer to load.
	FastPrediction bool
	// InfrequentReshapes says that input shapes seldom change from call to call.
	InfrequentReshapes bool
	// OutputBackings lets predictions write into buffers that are used again.
	OutputBackings bool
	// CacheDir is the folder for compiled packages; empty means the one of the
	// user's caches.
	CacheDir string
}

// FrameworkError is an error that CoreML.framework gave: an NSError, or a
// result that was missing without one. Engine errors that carry one implement
// it.
type FrameworkError interface {
	error
	// NSError returns the error's domain, code and texts. Reason is empty where
	// the framework gave none.
	NSError() (domain string, code int, description, reason string)
}

// PlannedOperation is an operation of a function with the device that was chosen
// for it. Its fields are coreml.PlannedOperation's, which it is converted to as a
// whole.
type PlannedOperation struct {
	// Operator is the operation's kind, such as ios18.linear, and Output the name
	// of its first result.
	Operator, Output string
	// Device is the chosen one, empty when the framework does not say.
	Device string
	// Supported are all that could run it: CPU, GPU, Neural Engine.
	Supported []string
	// Cost is the estimated share of the whole, from 0 to 1, and negative when
	// the framework does not say.
	Cost float64
}

// PlannedProgram is a Program that knows for each operation where it will run.
type PlannedProgram interface {
	Program
	// ComputePlan returns the operations in the order of the program.
	ComputePlan(ctx context.Context) ([]PlannedOperation, error)
}

// Examiner is an Engine that can look at what the running system gives it.
type Examiner interface {
	Engine
	// Examine reports what it found. An error means that the engine cannot be
	// used here at all.
	Examine(ctx context.Context) (*Examination, error)
}

// Examination is what an engine found out about the running system.
type Examination struct {
	// System is the operating system with its version and build.
	System string
	// Devices are the compute devices of the machine, as the framework names them.
	Devices []string
	// States is true when stateful models can be run.
	States bool
	// CacheDir is where compiled packages are kept.
	CacheDir string
	// Checked is how many entries of the binding were looked up in the running
	// system.
	Checked int
	// Newer lists entries that a later system brought, each with its version: what
	// needs them is refused here. Missing lists entries that the running system
	// should have and lacks, and Different those that it has with other types;
	// both are faults.
	Newer, Missing, Different []string
}
