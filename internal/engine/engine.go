// Package engine is the seam between the public API and what executes a
// program. It holds types only: the interfaces that every engine implements and
// the description of a model in engine-neutral terms.
package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"

	"github.com/gocoreml/coreml/internal/adapter"
	"github.com/gocoreml/coreml/tensor"
)

// Source is where a package lies.
type Source struct {
	// FS and Dir name the package folder inside a file system.
	FS  fs.FS
	Dir string
	// Path is the package's path in the operating system; empty when the package
	// does not lie there.
	Path string
}

// Arithmetic says how an engine of ours rounds; see coreml.Arithmetic.
type Arithmetic uint8

// The kinds of arithmetic. ArithmeticDefault leaves the choice to the engine.
const (
	ArithmeticDefault Arithmetic = iota
	ArithmeticFaithful
	ArithmeticWide
	ArithmeticFast
)

// ComputeUnits is the set of devices that the caller allows.
type ComputeUnits uint8

// The sets of devices, Core ML's own.
const (
	UnitsAll ComputeUnits = iota
	UnitsCPUOnly
	UnitsCPUAndGPU
	UnitsCPUAndNeuralEngine
)

// Config is what a caller asks of an engine.
type Config struct {
	// Function to run; empty means the package's default.
	Function     string
	ComputeUnits ComputeUnits
	Arithmetic   Arithmetic
	// Threads caps the threads of one prediction; 0 means as many as the
	// machine's physical cores or quota allow.
	Threads int
	// NoFusion runs every operation from the plain table, for comparison.
	NoFusion bool
	// Adapters are applied together. They are open, and nothing of them is used after
	// Load.
	Adapters []Adapter
	// Framework is for CoreML.framework alone.
	Framework Framework
}

// Adapter is a low-rank adapter whose products are added to those of the function.
type Adapter struct {
	Weights *adapter.Adapter
	Scale   float64
}

// ErrNoAdapters is what an engine refuses adapters with that cannot apply them.
var ErrNoAdapters = errors.New("the engine applies no adapters: make the adapter a function of the package with coreml convert --adapter, or use the portable engine")

// Info is what an engine says of itself once a program is loaded.
type Info struct {
	Engine string
	// Devices that predictions really use, such as CPU.
	Devices []string
	// Notes are sentences about what was asked for and is not had, such as
	// compute units that the engine lacks.
	Notes        []string
	Arithmetic   Arithmetic
	Threads      int
	Instructions string
}

// FeatureKind tells the sorts of feature apart.
type FeatureKind uint8

// The sorts of feature, MLFeatureType's.
const (
	MultiArray FeatureKind = iota
	Image
	Int64
	Double
	String
	Dictionary
	Sequence
	StateArray
)

// Pixels says what the pixels of an image are.
type Pixels uint8

// The kinds of pixel, Core ML's colour spaces. Gray, RGB and BGR have 8 bits a
// channel.
const (
	NoPixels Pixels = iota
	Gray
	RGB
	BGR
	GrayHalf // one float16
)

// Range is the allowed sizes of a dimension, both ends included. Upper is -1
// when there is no upper bound.
type Range struct{ Lower, Upper int }

// Feature describes an input, output or state.
type Feature struct {
	Name, Description string
	Kind              FeatureKind
	DType             tensor.DType
	// Pixels says what an image consists of. To an engine an image is an array
	// [1, channels, height, width] with the channels in this order and 0 to 255
	// for 8 bits; Shape, Ranges and Enumerated are those of the array.
	Pixels Pixels
	// Labels are the classes of a classifier. The output of kind String or Int64
	// is the index of one of them, as an int64, and that of kind Dictionary an
	// array with the probability of each.
	Labels []string
	// Shape is the default shape; empty where the package leaves it open.
	Shape []int
	// Ranges, when not nil, holds the allowed sizes of each dimension.
	Ranges []Range
	// Enumerated, when not nil, holds the allowed shapes.
	Enumerated [][]int
	Optional   bool
	// Default is the number that an absent optional input is filled with.
	Default float64
}

// Description is what a package says of one of its functions and of itself.
type Description struct {
	// Function is the one that was loaded.
	Function string
	// Functions are all of the package, by name; DefaultFunction is the one that
	// is loaded when none is named.
	Functions       []string
	DefaultFunction string
	Inputs          []Feature
	Outputs         []Feature
	States          []Feature

	ShortDescription, Version, Author, License string
	// UserDefined is the free metadata.
	UserDefined map[string]string
	// SpecificationVersion is the file format's: 6 is iOS15, 9 is iOS18.
	SpecificationVersion int
}

// Engine loads packages.
type Engine interface {
	// Name is what Info.Engine and Config select: portable, framework.
	Name() string
	// Load prepares one function of a package. It gives up with ctx's error when
	// ctx ends.
	Load(ctx context.Context, src Source, cfg Config) (Program, error)
}

// Program is a loaded function. Every method may be called from any number of
// goroutines at once.
type Program interface {
	Description() *Description
	Info() Info
	// Predict reads inputs and fills outputs, both in the order of the
	// description. The API has checked the inputs against the description; each
	// is contiguous and of the declared type. A nil input is an absent optional
	// one. outputs[i] nil means that the engine makes a tensor and stores it
	// there; otherwise it must be contiguous and of the declared type, and its
	// shape that of the result. outputs is not retained. state is nil for a
	// function without states. Predict returns ctx's error soon after ctx ends. An
	// error that is an [*UnchangedError] says that the state is as it was.
	Predict(ctx context.Context, inputs, outputs []*tensor.Tensor, state State) error
	// NewState returns a state whose buffers are zero.
	NewState() (State, error)
	// PlanText describes what was made of the function, for people.
	PlanText() string
	Close() error
}

// UnchangedError is the error of a prediction that did not write to its state: the
// state is as it was before.
type UnchangedError struct{ Err error }

// Error returns the text of Err.
func (e *UnchangedError) Error() string { return e.Err.Error() }

// Unwrap returns Err.
func (e *UnchangedError) Unwrap() error { return e.Err }

// FeatureError is the error of a prediction that was refused because of one of the
// tensors it was given.
type FeatureError struct {
	Name   string
	Output bool // whether it is an output buffer
	Err    error
}

// Error names the feature.
func (e *FeatureError) Error() string { return fmt.Sprintf("feature %q: %v", e.Name, e.Err) }

// Unwrap returns Err.
func (e *FeatureError) Unwrap() error { return e.Err }

// RowProgram is a Program that can leave out rows of an output which the caller
// does not want.
type RowProgram interface {
	Program
	// PredictRows is Predict for the last rows[i] rows of output i alone: indices
	// of the last dimension but one. 0, or a number not below what there is, means
	// all of them, as does a nil rows.
	PredictRows(ctx context.Context, inputs, outputs []*tensor.Tensor, rows []int, state State) error
}

// AloneProgram is a Program that can make a prediction of several rows, tokens of one
// text, as it would make predictions of one row after another.
type AloneProgram interface {
	Program
	// PredictAlone is PredictRows, but for the bits of the results: those of each row are
	// the ones that it has in a prediction of its own.
	PredictAlone(ctx context.Context, inputs, outputs []*tensor.Tensor, rows []int, state State) error
}

// ShapedProgram is a Program that knows more of its results' shapes than the
// package's description says.
type ShapedProgram interface {
	Program
	// OutputShape returns what the program itself declares of output i, in the
	// order of the description: a size or -1 for each dimension, nil where it
	// declares nothing.
	OutputShape(i int) []int
}

// FunctionProgram is a Program that loads other functions of its package.
type FunctionProgram interface {
	Program
	// LoadFunction loads the function that cfg names, as Load does, from the files that
	// this program has open already. Each of the two is closed by itself.
	LoadFunction(ctx context.Context, cfg Config) (Program, error)
}

// State is the memory that a stateful function keeps between predictions. The
// API serialises all use of one State.
type State interface {
	// Read copies the buffer of that name into a new tensor.
	Read(name string) (*tensor.Tensor, error)
	// Write replaces the buffer's content; t has the buffer's shape and any
	// numeric type.
	Write(name string, t *tensor.Tensor) error
	// Clone returns a copy that lives on its own.
	Clone() (State, error)
	// Reset fills every buffer with zero.
	Reset() error
	Close() error
}

// ErrUnsupportedUnits is for engines that can refuse compute units outright.
var ErrUnsupportedUnits = errors.New("compute units are not available")

var registry struct {
	sync.Mutex
	engines map[string]Engine
}

// Register makes an engine available under its name. It replaces an earlier one
// of the same name.
func Register(e Engine) {
	registry.Lock()
	defer registry.Unlock()
	if registry.engines == nil {
		registry.engines = map[string]Engine{}
	}
	registry.engines[e.Name()] = e
}

// Lookup returns the engine of that name, or nil.
func Lookup(name string) Engine {
	registry.Lock()
	defer registry.Unlock()
	return registry.engines[name]
}

// Remove takes back the engine of that name, so that a test can leave the
// registry as it found it.
func Remove(name string) {
	registry.Lock()
	defer registry.Unlock()
	delete(registry.engines, name)
}
