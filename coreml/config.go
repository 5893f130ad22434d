package coreml

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/internal/engine"
)

// Config says how a model is loaded. The zero Config, and a nil one, load the
// package's default function with the engine that fits the system best.
type Config struct {
	// ComputeUnits are the devices that predictions may use. The zero value is
	// [UnitsAll]. Units that the engine lacks are named in [Info.Notes].
	ComputeUnits ComputeUnits
	// Function is the function of the package to load. Empty means the package's
	// default function; [Description.Functions] lists them all.
	Function string
	// Engine is what executes the model. The zero value is [EngineAuto].
	Engine EngineChoice
	// Arithmetic says how the portable engine rounds. The zero value is
	// [ArithmeticDefault], which is [ArithmeticFaithful].
	Arithmetic Arithmetic
	// Threads caps the threads that one prediction uses. Zero means as many as
	// the machine's physical cores or the process's quota allow.
	Threads int
	// NoFusion executes every operation on its own, as the program states
	// it. It is slower and meant for comparison. The zero value leaves fusion on.
	NoFusion bool
	// Adapters are low-rank adapters that the portable engine applies to the function, all
	// of them together: what they add is summed. The engine of Core ML itself refuses
	// them with [ErrNoAdapters]. Nil means none.
	Adapters []Adapter
	// Framework holds what only Core ML itself takes. The portable engine ignores
	// it. The zero value leaves every choice to Core ML.
	Framework FrameworkConfig
}

// FrameworkConfig are the parts of a [Config] that only [EngineFramework]
// takes. An option that the running system does not know yet is left out, and
// [Info.Notes] says so.
type FrameworkConfig struct {
	// LowPrecisionAccumulation allows the GPU to accumulate in float16, which is
	// faster and less precise. The zero value forbids it.
	LowPrecisionAccumulation bool
	// FastPrediction asks for a specialisation of the model that predicts faster
	// and takes longer to load. The zero value asks for Core ML's default.
	FastPrediction bool
	// InfrequentReshapes says that the shapes of inputs seldom change between
	// predictions. The zero value makes no such promise.
	InfrequentReshapes bool
	// OutputBackings makes predictions write their outputs into buffers that are
	// used again, where Core ML accepts them. The zero value takes the arrays that
	// Core ML makes.
	OutputBackings bool
	// CacheDir is the folder in which compiled packages are kept. Empty means
	// gocoreml/compiled in the user's cache directory.
	CacheDir string
}

// ComputeUnits is a set of devices that predictions may use.
type ComputeUnits uint8

// The sets of devices, MLComputeUnits of Core ML.
const (
	// UnitsAll allows every device that the engine has.
	UnitsAll ComputeUnits = iota
	// UnitsCPUOnly allows the CPU alone.
	UnitsCPUOnly
	// UnitsCPUAndGPU allows the CPU and the GPU.
	UnitsCPUAndGPU
	// UnitsCPUAndNeuralEngine allows the CPU and the Neural Engine.
	UnitsCPUAndNeuralEngine
)

var computeUnitNames = []string{"all", "cpu-only", "cpu-and-gpu", "cpu-and-neural-engine"}

// String returns the name that [ComputeUnits.UnmarshalText] reads: all,
// cpu-only, cpu-and-gpu or cpu-and-neural-engine.
func (u ComputeUnits) String() string { return nameOf("compute units", u, computeUnitNames) }

// MarshalText returns the name of u, so that flags and configuration files can
// hold one.
func (u ComputeUnits) MarshalText() ([]byte, error) {
	return marshalName("compute units", u, computeUnitNames)
}

// UnmarshalText reads the name of a set of compute units.
func (u *ComputeUnits) UnmarshalText(text []byte) error {
	return unmarshalName("compute units", u, text, computeUnitNames)
}

// EngineChoice names what executes a model.
type EngineChoice uint8

// The engines.
const (
	// EngineAuto takes Core ML itself where the system has it, and the portable
	// engine everywhere else, as well as for a package that asks for a newer Core
	// ML than the system has; [Info.Notes] says so then. The environment variable
	// COREML_ENGINE, when it is set, names another choice for it: framework or
	// portable.
	EngineAuto EngineChoice = iota
	// EngineFramework is CoreML.framework of macOS.
	EngineFramework
	// EnginePortable executes the package's ML Program in Go on the CPU. It runs
	// on every system.
	EnginePortable
)

var engineNames = []string{"auto", "framework", "portable"}

// String returns the name that [EngineChoice.UnmarshalText] reads: auto,
// framework or portable.
func (e EngineChoice) String() string { return nameOf("engine", e, engineNames) }

// Available reports whether this system has the engine. [EngineAuto] is
// available wherever any engine is.
func (e EngineChoice) Available() bool {
	c := Config{Engine: e}
	_, err := c.engine()
	return err == nil
}

// MarshalText returns the name of e.
func (e EngineChoice) MarshalText() ([]byte, error) { return marshalName("engine", e, engineNames) }

// UnmarshalText reads the name of an engine.
func (e *EngineChoice) UnmarshalText(text []byte) error {
	return unmarshalName("engine", e, text, engineNames)
}

// Arithmetic says how the portable engine rounds intermediate results. Core ML
// itself has no such choice: its devices decide.
type Arithmetic uint8

// The kinds of arithmetic.
const (
	// ArithmeticDefault is [ArithmeticFaithful].
	ArithmeticDefault Arithmetic = iota
	// ArithmeticFaithful rounds every result and every decoded weight to the type that the
	// program declares and accumulates in float32.
	ArithmeticFaithful
	// ArithmeticWide keeps float32 inside of fused operations and decodes weights to
	// float32. It is faster and at least as precise, and its results differ from
	// those of [ArithmeticFaithful] in the last bits of a float16.
	ArithmeticWide
	// ArithmeticFast is Wide, and where a linear layer with 512 inputs or more has 4-bit
	// weights its input is quantised to 8 bits, every 8 numbers with a scale of
	// their own; with 8-bit weights to 16 bits. It is the fastest and the least
	// precise: package generate's default.
	ArithmeticFast
)

var arithmeticNames = []string{"default", "faithful", "wide", "fast"}

// String returns the name that [Arithmetic.UnmarshalText] reads: default,
// faithful, wide or fast.
func (a Arithmetic) String() string { return nameOf("arithmetic", a, arithmeticNames) }

// MarshalText returns the name of a.
func (a Arithmetic) MarshalText() ([]byte, error) {
	return marshalName("arithmetic", a, arithmeticNames)
}

// UnmarshalText reads the name of a kind of arithmetic.
func (a *Arithmetic) UnmarshalText(text []byte) error {
	return unmarshalName("arithmetic", a, text, arithmeticNames)
}

func nameOf[T ~uint8](what string, v T, names []string) string {
	if int(v) >= len(names) {
		return fmt.Sprintf("%s(%d)", what, v)
	}
	return names[v]
}

func marshalName[T ~uint8](what string, v T, names []string) ([]byte, error) {
	if int(v) >= len(names) {
		return nil, fmt.Errorf("coreml: %s %d does not exist", what, v)
	}
	return []byte(names[v]), nil
}

func unmarshalName[T ~uint8](what string, v *T, text []byte, names []string) error {
	i := slices.Index(names, string(text))
	if i < 0 {
		return fmt.Errorf("coreml: unknown %s %q, want one of %s", what, text, strings.Join(names, ", "))
	}
	*v = T(i)
	return nil
}

// engineConfig translates c for an engine and refuses values that mean nothing.
func (c *Config) engineConfig() (engine.Config, error) {
	switch {
	case int(c.ComputeUnits) >= len(computeUnitNames):
		return engine.Config{}, fmt.Errorf("compute units %d do not exist", c.ComputeUnits)
	case int(c.Arithmetic) >= len(arithmeticNames):
		return engine.Config{}, fmt.Errorf("arithmetic %d does not exist", c.Arithmetic)
	case c.Threads < 0:
		return engine.Config{}, fmt.Errorf("%d threads asked for", c.Threads)
	}
	return engine.Config{
		Function:     c.Function,
		ComputeUnits: engine.ComputeUnits(c.ComputeUnits),
		Arithmetic:   engine.Arithmetic(c.Arithmetic),
		Threads:      c.Threads,
		NoFusion:     c.NoFusion,
		Framework:    engine.Framework(c.Framework),
	}, nil
}
